(** FORMAT.md's lamp as a theorem about what is computed in binary32; margins that roundings do not leave are
    refused. *)

From Coq Require Import Reals ZArith NArith List Lra Lia.
From ExactCNN Require Import Sums Images Formulas Numbers Binary32 Executions Roundings.
From ExactCNN Require Axis Tasks Networks.
Import ListNotations.
Open Scope Z_scope.

Module Rounded := Roundings BinaryIntegers.
Import Rounded.

(** * The lamp *)

Definition rounded_lamp (margin : ratio) : statement :=
  Statement 1 1 None None margin 4 1 0 4 false
    [Feature 1 1 (Ratio 1 2) [[(3, 4)]]]
    [AnyOf [Alternative [0%nat] []]; AnyOf [Alternative [] [0%nat]]]
    [] PoolMax [SDense 1 [[(0%N, 2)]; []] [0; 1] 2].

(** The certificate of FORMAT.md, as in [Examples.v], and its witnesses: a white image of 3x3 pixels, and one dark
    pixel. *)
Definition lamp_certificate : certificate :=
  Certificate
    [Upper 0 (Ratio 1 4) [0%nat]
       [([(0%nat, 0%nat, 0, 0)],
         Some [Close (Split 1); Close (Qed [(4%N, 2); (6%N, 1)]); Close (Qed [(4%N, 1); (6%N, 2)])])];
     Lower 0 0 0 (Ratio 3 4) [(0%nat, 0%nat, None)]]
    [Some (Ratio 3 4, map Close [Choose 0; Choose 1; Choose 2; Qed [(0%N, 1)]]); Some (Ratio 1 2, [Close (Qed [])])]
    [Some (Ratio 1 4, map Close [Choose 0; Choose 2; Qed [(0%N, 1)]]); Some (Ratio 1 2, [Close (Qed [])])] [].

Definition lamp_witnesses : list witness := [Witness 1 1 3 3 0 0 1 [[[1]]]; Witness 1 1 1 1 0 0 4 [[[1]]]].

(** The exact logits lead by 1/4 and nothing more: of computed ones less is claimed. *)
Example lamp_rounded : check_float_certificate (rounded_lamp (Ratio 1 5)) None lamp_certificate lamp_witnesses = true.
Proof. vm_compute. reflexivity. Qed.

Theorem lamp_computed :
  float_zero_error (task_of (rounded_lamp (Ratio 1 5))) (network_of (rounded_lamp (Ratio 1 5)))
                   (in_sizes (rounded_lamp (Ratio 1 5))) (1 / 5) None.
Proof. exact (proj1 (check_float_certificate_sound _ _ _ _ lamp_rounded)). Qed.

(** On images whose pixels are multiples of 1/256 nothing is rounded, and the margin is that of exact logits. *)
Example lamp_in_steps :
  check_float_certificate (rounded_lamp (Ratio 1 4)) (Some 256) lamp_certificate lamp_witnesses = true.
Proof. vm_compute. reflexivity. Qed.

Theorem lamp_computed_in_steps :
  float_zero_error (task_of (rounded_lamp (Ratio 1 4))) (network_of (rounded_lamp (Ratio 1 4)))
                   (in_sizes (rounded_lamp (Ratio 1 4))) (1 / 4) (Some (1 / 256)%R).
Proof. exact (proj1 (check_float_certificate_sound _ _ _ _ lamp_in_steps)). Qed.

(** Without steps, or with ones that are too small, 1/4 leaves nothing for the roundings. *)
Example refused_margin : check_float (rounded_lamp (Ratio 1 4)) None lamp_certificate = false.
Proof. vm_compute. reflexivity. Qed.

Example refused_step : check_float (rounded_lamp (Ratio 1 4)) (Some (2 ^ 24)) lamp_certificate = false.
Proof. vm_compute. reflexivity. Qed.

(** A third is no number of binary32, nor is 2^127 a weight that sums of magnitudes below 2^126 leave room for; a
    number below 2^-126 is not normal; sums over images of any size have no bound. *)
Definition lamp_with (weight unit : Z) (p : pool_kind) : statement :=
  Statement 1 1 None None (Ratio 1 5) 4 1 0 4 false
    [Feature 1 1 (Ratio 1 2) [[(3, 4)]]]
    [AnyOf [Alternative [0%nat] []]; AnyOf [Alternative [] [0%nat]]]
    [] p [SDense 1 [[(0%N, weight)]; []] [0; 0] unit].

Example bounded_weights :
  map (fun w => match error_bound (lamp_with (fst w) (snd w) PoolMax) None with Some _ => true | None => false end)
      [(1, 1); (1, 3); (2 ^ 125, 1); (2 ^ 126, 1); (2 ^ 24 - 1, 1); (2 ^ 24 + 1, 1); (1, 2 ^ 126); (1, 2 ^ 127);
       (-3, 4)]
    = [true; false; true; false; true; false; true; false; true].
Proof. vm_compute. reflexivity. Qed.

Example unbounded_sum :
  error_bound (lamp_with 1 1 PoolSum) None = None /\ error_bound (lamp_with 1 1 PoolMean) None = None.
Proof. vm_compute. split; reflexivity. Qed.

(** * Means whose sum overflows *)

(** Logits that are the mean of 16 pixels between 0 and [bright], with weight 1, and 0. *)
Definition mean_of_16 (bright : Z) : statement :=
  Statement 16 1 (Some 16) (Some 1) (Ratio 1 5) 1 1 0 bright false
    [Feature 1 1 (Ratio 1 2) [[(bright, bright)]]]
    [AnyOf [Alternative [0%nat] []]; AnyOf [Alternative [] [0%nat]]]
    [] PoolMean [SDense 1 [[(0%N, 1)]; []] [0; 0] 1].

(** The sum has to stay below 2^126, not only the mean. *)
Example bounded_means :
  map (fun e => match error_bound (mean_of_16 (2 ^ e)) None with Some _ => true | None => false end) [121; 122; 125]
    = [true; false; false].
Proof. vm_compute. reflexivity. Qed.

(** For a reason: after an overflow anything may be computed, though the mean itself is far from overflowing. *)
Lemma anything_after_overflow (y : R) : averaged 2 [power 127; power 127] y.
Proof.
  assert (E : power 128 = (power 127 + power 127)%R).
  { change 128 with (1 + 127). rewrite power_plus, power_1. ring. }
  assert (H := power_pos 127). assert (H' := power_pos 103).
  left. exists (2 * power 128)%R. split.
  - apply (added [] [power 127] (power 127) [] [power 127] (power 127)); [apply addend..|].
    unfold rounded, overflow. rewrite <- E, Rabs_pos_eq; lra.
  - unfold rounded, overflow. replace (2 * power 128 / 2)%R with (power 128) by field. rewrite Rabs_pos_eq; lra.
Qed.

(** * Executions of the lamp *)

(** A white pixel. *)
Definition white : image := Image 1 1 (fun _ _ _ => 1%R).

Definition dim_lamp : statement := rounded_lamp (Ratio 1 5).

Lemma white_bright f : In f (Tasks.features (task_of dim_lamp)) -> Tasks.contains (task_of dim_lamp) white f.
Proof.
  intros [<-|[]]. exists 0, 0. split; [repeat split; cbn; lia|]. eexists. split; [now left|].
  unfold Tasks.excess, patch_sum. simpl. change (ints 1) with [0]. unfold end_value. simpl.
  unfold real, grid. simpl. change (IPR 4) with 4%R. change (IPR 3) with 3%R. rewrite !relu_neg; lra.
Qed.

(** What [lamp_computed] says of all executions on all admissible images of binary32 numbers is not about nothing. *)
Lemma lamp_executed :
  Tasks.admissible (task_of dim_lamp) white /\ Tasks.labelled (task_of dim_lamp) white 0 /\
  in_sizes dim_lamp 1 1 /\ readable (task_of dim_lamp) (network_of dim_lamp) None white /\
  exists v, executed (network_of dim_lamp) white v.
Proof.
  assert (L : Tasks.labelled (task_of dim_lamp) white 0).
  { eexists. split; [reflexivity|]. split.
    - exists (Alternative [0%nat] []). split; [now left|]. split; [|intros n f []].
      intros n f _ E. apply white_bright. exact (nth_error_In _ _ E).
    - intros [|[|[|z]]] c [= <-] H; [reflexivity|].
      destruct H as (a & [<-|[]] & _ & H). specialize (H 0%nat _ (or_introl eq_refl) eq_refl).
      eapply Tasks.contains_not_avoids in H; [destruct H|change (0 < 1 / 2)%R; lra|apply white_bright; now left]. }
  split; [split; [|split]|split; [exact L|split; [|split]]].
  - split; [simpl; lia|]. split; [simpl; lia|]. intros c i j _ _.
    change (0 / 4 <= 1 <= 4 / 4)%R. lra.
  - intros f Hf. left. now apply white_bright.
  - now exists 0%nat.
  - repeat split; simpl; try lia; intros n [=].
  - intros c i j _ _. split; [|exact I]. exists 1, 0. split; [|split; [reflexivity|lia]].
    unfold Networks.read. simpl. lra.
  - apply execution_exists.
Qed.
