(** Images, windows and what an image holds outside its borders. *)

From Coq Require Import Reals ZArith List Lra Lia Bool.
From ExactCNN Require Import Sums.
Import ListNotations.
Open Scope R_scope.

(** An image has a height, a width, and a real number for each channel, row and column. Rows and columns are integers,
    so that one can speak of places outside the image; what [pixel] says of those never matters. The activations inside
    a network are images too, with other channels. *)
Record image := Image { height : Z; width : Z; pixel : nat -> Z -> Z -> R }.

(** A patch: one number for each channel, row and column of a window. *)
Definition patch := nat -> Z -> Z -> R.

Definition inside (x : image) (i j : Z) : Prop := (0 <= i < height x)%Z /\ (0 <= j < width x)%Z.

Definition insideb (x : image) (i j : Z) : bool :=
  ((0 <=? i) && (i <? height x) && (0 <=? j) && (j <? width x))%Z.

Lemma insideb_spec x i j : reflect (inside x i j) (insideb x i j).
Proof.
  apply iff_reflect. unfold inside, insideb. rewrite !andb_true_iff, !Z.leb_le, !Z.ltb_lt. tauto.
Qed.

(** The image with zeros around it. *)
Definition padded (x : image) (c : nat) (i j : Z) : R := if insideb x i j then pixel x c i j else 0.

(** All places of an image. *)
Definition positions (x : image) : list (Z * Z) := list_prod (ints (height x)) (ints (width x)).

Lemma in_positions x i j : In (i, j) (positions x) <-> inside x i j.
Proof. unfold positions, inside. now rewrite in_prod_iff, !in_ints. Qed.

(** The patch of the window whose top left corner is (r, s). *)
Definition window (x : image) (r s : Z) : patch := fun c i j => pixel x c (r + i)%Z (s + j)%Z.

(** The sum over all channels, rows and columns of a window. *)
Definition patch_sum (channels : nat) (rows columns : Z) (term : patch) : R :=
  sum (seq 0 channels) (fun c => sum (ints rows) (fun i => sum (ints columns) (fun j => term c i j))).

(** A place of a window. *)
Definition place (channels : nat) (rows columns : Z) (c : nat) (i j : Z) : Prop :=
  (c < channels)%nat /\ (0 <= i < rows)%Z /\ (0 <= j < columns)%Z.

Lemma patch_sum_ext channels rows columns f g :
  (forall c i j, place channels rows columns c i j -> f c i j = g c i j) ->
  patch_sum channels rows columns f = patch_sum channels rows columns g.
Proof.
  intros H. apply sum_ext; intros c Hc%in_seq. apply sum_ext; intros i Hi%in_ints. apply sum_ext; intros j Hj%in_ints.
  apply H. unfold place. lia.
Qed.

Lemma patch_sum_le channels rows columns f g :
  (forall c i j, place channels rows columns c i j -> f c i j <= g c i j) ->
  patch_sum channels rows columns f <= patch_sum channels rows columns g.
Proof.
  intros H. apply sum_le; intros c Hc%in_seq. apply sum_le; intros i Hi%in_ints. apply sum_le; intros j Hj%in_ints.
  apply H. unfold place. lia.
Qed.

Lemma patch_sum_nonneg channels rows columns f :
  (forall c i j, place channels rows columns c i j -> 0 <= f c i j) -> 0 <= patch_sum channels rows columns f.
Proof.
  intros H. apply sum_nonneg; intros c Hc%in_seq. apply sum_nonneg; intros i Hi%in_ints.
  apply sum_nonneg; intros j Hj%in_ints. apply H. unfold place. lia.
Qed.

Lemma patch_sum_plus channels rows columns f g :
  patch_sum channels rows columns (fun c i j => f c i j + g c i j)
  = patch_sum channels rows columns f + patch_sum channels rows columns g.
Proof.
  unfold patch_sum. rewrite <- sum_plus. apply sum_ext; intros c _.
  rewrite <- sum_plus. apply sum_ext; intros i _. apply sum_plus.
Qed.

Lemma patch_sum_scale channels rows columns a f :
  patch_sum channels rows columns (fun c i j => a * f c i j) = a * patch_sum channels rows columns f.
Proof.
  unfold patch_sum. rewrite <- sum_scale. apply sum_ext; intros c _.
  rewrite <- sum_scale. apply sum_ext; intros i _. apply sum_scale.
Qed.

(** Row by row, with the channels innermost. *)
Lemma patch_sum_channels_last channels rows columns f :
  patch_sum channels rows columns f
  = sum (ints rows) (fun i => sum (ints columns) (fun j => sum (seq 0 channels) (fun c => f c i j))).
Proof.
  unfold patch_sum. rewrite sum_swap. apply sum_ext; intros i _. apply sum_swap.
Qed.
