(** Finite sums and maxima of real numbers.

    Everything finite in this development is a list, and everything that is added up is [sum list term]. The lemmas say
    what one does with sums on paper: compare term by term, swap two sums, pick out one term. *)

From Coq Require Import Reals ZArith List Lra Lia.
Import ListNotations.
Open Scope R_scope.

(** * Sums *)

Fixpoint sum {A} (l : list A) (f : A -> R) : R :=
  match l with
  | [] => 0
  | a :: l => f a + sum l f
  end.

Section SumsOverOneList.
  Context {A : Type}.
  Implicit Types (l : list A) (f g : A -> R).

  Lemma sum_ext l f g : (forall a, In a l -> f a = g a) -> sum l f = sum l g.
  Proof.
    induction l as [|a l IH]; simpl; intros H; [reflexivity|].
    rewrite (H a), IH; auto.
  Qed.

  Lemma sum_le l f g : (forall a, In a l -> f a <= g a) -> sum l f <= sum l g.
  Proof.
    induction l as [|a l IH]; simpl; intros H; [lra|].
    assert (f a <= g a) by auto. assert (sum l f <= sum l g) by auto. lra.
  Qed.

  Lemma sum_0 l f : (forall a, In a l -> f a = 0) -> sum l f = 0.
  Proof.
    induction l as [|a l IH]; simpl; intros H; [reflexivity|].
    rewrite (H a), IH; auto with real.
  Qed.

  Lemma sum_nonneg l f : (forall a, In a l -> 0 <= f a) -> 0 <= sum l f.
  Proof.
    intros H. rewrite <- (sum_0 l (fun _ => 0)) by reflexivity. now apply sum_le.
  Qed.

  Lemma sum_plus l f g : sum l (fun a => f a + g a) = sum l f + sum l g.
  Proof. induction l as [|a l IH]; simpl; [lra|]. rewrite IH. lra. Qed.

  Lemma sum_minus l f g : sum l (fun a => f a - g a) = sum l f - sum l g.
  Proof. induction l as [|a l IH]; simpl; [lra|]. rewrite IH. lra. Qed.

  Lemma sum_scale l c f : sum l (fun a => c * f a) = c * sum l f.
  Proof. induction l as [|a l IH]; simpl; [lra|]. rewrite IH. lra. Qed.

  Lemma sum_const l c : sum l (fun _ => c) = INR (length l) * c.
  Proof.
    induction l as [|a l IH]; [simpl; lra|].
    change (length (a :: l)) with (S (length l)). rewrite S_INR. simpl sum. rewrite IH. lra.
  Qed.

  Lemma sum_app l l' f : sum (l ++ l') f = sum l f + sum l' f.
  Proof. induction l as [|a l IH]; simpl; [lra|]. rewrite IH. lra. Qed.

  (** A term is at most the sum, if no term is negative. *)
  Lemma term_le_sum l f a : (forall b, In b l -> 0 <= f b) -> In a l -> f a <= sum l f.
  Proof.
    induction l as [|b l IH]; simpl; intros H []; subst.
    - assert (0 <= sum l f) by (apply sum_nonneg; auto). lra.
    - assert (0 <= f b) by auto. assert (f a <= sum l f) by auto. lra.
  Qed.

  (** Where every term but one is at most [c], and that one is at most [d]. *)
  Lemma sum_le_one_less l f c d a :
    In a l -> (forall b, In b l -> f b <= c) -> f a <= d -> sum l f <= INR (length l) * c - c + d.
  Proof.
    induction l as [|b l IH]; [intros []|].
    intros Ha Hc Hd. change (length (b :: l)) with (S (length l)). rewrite S_INR. simpl sum.
    destruct Ha as [->|Ha].
    - assert (sum l f <= sum l (fun _ => c)) by (apply sum_le; auto with datatypes).
      rewrite sum_const in H. lra.
    - assert (f b <= c) by auto with datatypes.
      assert (sum l f <= INR (length l) * c - c + d) by (apply IH; auto with datatypes). lra.
  Qed.

  (** Picking out one term. *)
  Lemma sum_single (eq_dec : forall a b : A, {a = b} + {a <> b}) l f a :
    NoDup l -> In a l -> sum l (fun b => if eq_dec b a then f b else 0) = f a.
  Proof.
    induction 1 as [|b l Hb Hl IH]; simpl; intros []; subst.
    - destruct (eq_dec a a) as [_|]; [|congruence].
      rewrite sum_0; [lra|]. intros c Hc. destruct (eq_dec c a); congruence.
    - destruct (eq_dec b a); [congruence|]. rewrite IH by assumption. lra.
  Qed.
End SumsOverOneList.

Lemma sum_map {A B} (l : list A) (h : A -> B) f : sum (map h l) f = sum l (fun a => f (h a)).
Proof. induction l as [|a l IH]; simpl; [reflexivity|]. now rewrite IH. Qed.

Lemma sum_swap {A B} (l : list A) (m : list B) f :
  sum l (fun a => sum m (f a)) = sum m (fun b => sum l (fun a => f a b)).
Proof.
  induction l as [|a l IH]; simpl.
  - now rewrite sum_0.
  - now rewrite IH, sum_plus.
Qed.

Lemma sum_prod {A B} (l : list A) (m : list B) f :
  sum (list_prod l m) f = sum l (fun a => sum m (fun b => f (a, b))).
Proof.
  induction l as [|a l IH]; simpl; [reflexivity|].
  now rewrite sum_app, sum_map, IH.
Qed.

Lemma NoDup_append {A} (l m : list A) :
  NoDup l -> NoDup m -> (forall a, In a l -> ~ In a m) -> NoDup (l ++ m).
Proof.
  intros Hl Hm. induction Hl as [|a l Ha Hl IH]; simpl; intros H; [assumption|].
  constructor.
  - rewrite in_app_iff. firstorder.
  - apply IH. firstorder.
Qed.

Lemma NoDup_prod {A B} (l : list A) (m : list B) : NoDup l -> NoDup m -> NoDup (list_prod l m).
Proof.
  intros Hl Hm. induction Hl as [|a l Ha Hl IH]; simpl; [constructor|].
  apply NoDup_append; [|assumption|].
  - clear -Hm. induction Hm as [|b m Hb Hm IH]; simpl; constructor; [|assumption].
    intros (b' & [= ->] & H)%in_map_iff. contradiction.
  - intros [a' b] (b' & [= <- <-] & _)%in_map_iff [H _]%in_prod_iff. contradiction.
Qed.

(** A sum over the numbers of a list's entries is a sum over its entries. *)
Lemma sum_by_number {A} (l : list A) d f :
  sum (seq 0 (length l)) (fun k => f (nth k l d)) = sum l f.
Proof.
  induction l as [|a l IH]; simpl; [reflexivity|].
  now rewrite <- seq_shift, sum_map, IH.
Qed.

(** * The integers from 0 to n - 1 *)

Definition ints (n : Z) : list Z := map Z.of_nat (seq 0 (Z.to_nat n)).

Lemma in_ints i n : In i (ints n) <-> (0 <= i < n)%Z.
Proof.
  unfold ints. rewrite in_map_iff. split.
  - intros (k & <- & Hk%in_seq). lia.
  - intros H. exists (Z.to_nat i). split; [lia|]. apply in_seq. lia.
Qed.

Lemma ints_length n : (0 <= n)%Z -> INR (length (ints n)) = IZR n.
Proof.
  intros H. unfold ints. rewrite map_length, seq_length, INR_IZR_INZ. f_equal. lia.
Qed.

(** The terms past [m] may be left out where they are 0. *)
Lemma sum_ints_restrict m n f :
  (m <= n)%Z -> sum (ints n) (fun i => if (i <? m)%Z then f i else 0) = sum (ints m) f.
Proof.
  intros H.
  destruct (Z_le_gt_dec 0 m) as [Hm|Hm].
  - unfold ints. rewrite !sum_map.
    replace (Z.to_nat n) with (Z.to_nat m + Z.to_nat (n - m))%nat by lia.
    rewrite seq_app, sum_app.
    rewrite (sum_0 (seq (0 + _) _)).
    + rewrite Rplus_0_r. apply sum_ext. intros k Hk%in_seq.
      destruct (Z.ltb_spec (Z.of_nat k) m); [reflexivity|lia].
    + intros k Hk%in_seq. destruct (Z.ltb_spec (Z.of_nat k) m); [lia|reflexivity].
  - rewrite sum_0.
    + unfold ints. replace (Z.to_nat m) with 0%nat by lia. reflexivity.
    + intros i Hi%in_ints. destruct (Z.ltb_spec i m); [lia|reflexivity].
Qed.

(** * The maximum of a non-empty list *)

Definition maximum (l : list R) : R :=
  match l with
  | [] => 0
  | a :: l => fold_right Rmax a l
  end.

Lemma maximum_ge l a : In a l -> a <= maximum l.
Proof.
  destruct l as [|b l]; [intros []|]. cbn [maximum]. revert b a.
  induction l as [|c l IH]; intros b a; cbn [fold_right].
  - intros [->|[]]. lra.
  - intros [->|[->|H]].
    + eapply Rle_trans; [apply IH; now left|apply Rmax_r].
    + apply Rmax_l.
    + eapply Rle_trans; [apply (IH b); now right|apply Rmax_r].
Qed.

Lemma maximum_in l : l <> [] -> In (maximum l) l.
Proof.
  destruct l as [|b l]; [congruence|]. intros _. cbn [maximum].
  induction l as [|c l IH]; cbn [fold_right]; [now left|].
  apply Rmax_case; [right; now left|].
  destruct IH as [IH|IH]; [left; exact IH | right; right; exact IH].
Qed.

Lemma maximum_le l u : l <> [] -> (forall a, In a l -> a <= u) -> maximum l <= u.
Proof. intros H Hu. now apply Hu, maximum_in. Qed.

(** * The positive part *)

(** [relu x] is max(0, x). *)
Definition relu (x : R) : R := Rmax 0 x.

Lemma relu_nonneg x : 0 <= relu x.
Proof. apply Rmax_l. Qed.

Lemma relu_ge x : x <= relu x.
Proof. apply Rmax_r. Qed.

Lemma relu_pos x : 0 <= x -> relu x = x.
Proof. apply Rmax_right. Qed.

Lemma relu_neg x : x <= 0 -> relu x = 0.
Proof. apply Rmax_left. Qed.

(** Either way out of a [relu]. *)
Lemma relu_cases x : (0 <= x /\ relu x = x) \/ (x <= 0 /\ relu x = 0).
Proof.
  destruct (Rle_lt_dec 0 x).
  - left. auto using relu_pos.
  - right. split; [lra|]. apply relu_neg. lra.
Qed.
