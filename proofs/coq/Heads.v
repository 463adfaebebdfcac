(** The head of the construction (THEOREM.md, section 2, [_head] of [exactcnn/network/construct.py]).

    From the pooled detectors m it computes r_f = max(0, 1 - sum of f's m), which is 0 where f is contained and 1 where
    it is avoided; for each alternative of n literals (1 - r_f, or r_f) max(0, sum - (n - 1)); for each class with a
    formula 1 - max(0, 1 - sum of its alternatives), or the alternative itself if no class has several. The logit of
    [Otherwise] is 1/2. *)

From Coq Require Import Reals ZArith List Lra Lia Bool Arith.
From ExactCNN Require Import Sums Images Tasks Networks Detectors.
Import ListNotations.
Open Scope R_scope.

(** * Numbers that are 0 or 1 *)

Definition bit (b : R) : Prop := b = 0 \/ b = 1.

(** A sum of bits is 0 if all are 0, and at least 1 if one is 1. *)
Lemma sum_bits {A} (l : list A) (b : A -> R) :
  (forall a, In a l -> bit (b a)) ->
  (sum l b = 0 /\ forall a, In a l -> b a = 0) \/ (1 <= sum l b /\ exists a, In a l /\ b a = 1).
Proof.
  induction l as [|a l IH]; simpl; intros H; [left; split; [reflexivity|tauto]|].
  assert (0 <= sum l b) by (apply sum_nonneg; intros c Hc; destruct (H c); auto; lra).
  destruct (H a) as [E|E]; auto.
  - destruct IH as [[E' H']|[E' (c & Hc & Hb)]]; auto.
    + left. split; [lra|]. intros c [<-|Hc]; auto.
    + right. split; [lra|]. eauto.
  - right. split; [lra|]. eauto.
Qed.

(** A sum over numbers, each as often as it occurs in a list. *)
Lemma sum_counts (l : list nat) n (r : nat -> R) :
  (forall k, In k l -> (k < n)%nat) ->
  sum (seq 0 n) (fun k => INR (count_occ Nat.eq_dec l k) * r k) = sum l r.
Proof.
  induction l as [|a l IH]; intros H.
  - apply sum_0; intros; simpl; lra.
  - rewrite (sum_ext _ _ (fun k => (if Nat.eq_dec k a then r k else 0) + INR (count_occ Nat.eq_dec l k) * r k)).
    + rewrite sum_plus, IH by auto with datatypes.
      rewrite (sum_single Nat.eq_dec (seq 0 n) r a); [reflexivity|apply seq_NoDup|].
      apply in_seq. specialize (H a (or_introl eq_refl)). lia.
    + intros k _. destruct (Nat.eq_dec a k) as [->|N].
      * rewrite count_occ_cons_eq, S_INR by reflexivity. destruct (Nat.eq_dec k k); [lra|congruence].
      * rewrite count_occ_cons_neq by assumption. destruct (Nat.eq_dec k a); [congruence|lra].
Qed.

(** A list's entries with their numbers. *)
Definition enumerate {A} (l : list A) : list (nat * A) := combine (seq 0 (length l)) l.

Lemma in_enumerate {A} (l : list A) n a : In (n, a) (enumerate l) <-> nth_error l n = Some a.
Proof.
  unfold enumerate.
  enough (G : forall k, In (n, a) (combine (seq k (length l)) l) <-> (k <= n)%nat /\ nth_error l (n - k) = Some a).
  { rewrite G, Nat.sub_0_r. intuition lia. }
  induction l as [|b l IH]; intros k; simpl.
  - destruct (n - k)%nat; split; try tauto; intros [_ H]; discriminate.
  - rewrite IH. split.
    + intros [[= -> ->]|[Hk H]]; [now rewrite Nat.sub_diag|].
      split; [lia|]. replace (n - k)%nat with (S (n - S k)) by lia. exact H.
    + intros [Hk H]. destruct (n - k)%nat as [|m] eqn:E; [left; injection H as ->; f_equal; lia|].
      right. split; [lia|]. replace (n - S k)%nat with m by lia. exact H.
Qed.

(** * The layers *)

Section Head.
  Variables (T : task) (detectors : list detector).

  Definition absence_weight (f n : nat) : R :=
    match nth_error detectors n with
    | Some d => if (owner d =? f)%nat then -1 else 0
    | None => 0
    end.

  (** All alternatives of all classes, each with the number of its class. *)
  Definition alternatives : list (nat * alternative) :=
    flat_map (fun p => match snd p with AnyOf l => map (pair (fst p)) l | Otherwise => [] end) (enumerate (classes T)).

  (** The numbers of the classes that have formulas. *)
  Definition named : list nat :=
    flat_map (fun p => match snd p with AnyOf _ => [fst p] | Otherwise => [] end) (enumerate (classes T)).

  (** Literals are added up: a feature may be both required and forbidden. *)
  Definition literal_weight (j f : nat) : R :=
    match nth_error alternatives j with
    | Some (_, a) => INR (count_occ Nat.eq_dec (forbids a) f) - INR (count_occ Nat.eq_dec (requires a) f)
    | None => 0
    end.

  Definition literal_bias (j : nat) : R :=
    match nth_error alternatives j with
    | Some (_, a) => 1 - INR (length (forbids a))
    | None => 0
    end.

  (** Whether some class has more than one alternative. *)
  Definition several : bool :=
    existsb (fun c => match c with AnyOf l => (1 <? length l)%nat | Otherwise => false end) (classes T).

  Definition owned (z j : nat) : bool :=
    match nth_error alternatives j with Some (y, _) => (y =? z)%nat | None => false end.

  Definition merge_weight (k j : nat) : R :=
    match nth_error named k with Some z => if owned z j then -1 else 0 | None => 0 end.

  Definition merged_output_weight (z k : nat) : R :=
    match nth_error named k with Some y => if (y =? z)%nat then -1 else 0 | None => 0 end.

  Definition single_output_weight (z j : nat) : R := if owned z j then 1 else 0.

  (** 1/2 for [Otherwise], [b] for the other classes. *)
  Definition output_bias (b : R) (z : nat) : R :=
    match nth_error (classes T) z with Some Otherwise => 1 / 2 | _ => b end.

  Definition built_head : list head_layer :=
    [Dense (length detectors) absence_weight (fun _ => 1); DenseRelu;
     Dense (length (features T)) literal_weight literal_bias; DenseRelu]
    ++ (if several
        then [Dense (length alternatives) merge_weight (fun _ => 1); DenseRelu;
              Dense (length named) merged_output_weight (output_bias 1)]
        else [Dense (length alternatives) single_output_weight (output_bias 0)]).

  Definition head_output (m : nat -> R) : nat -> R := fold_left (fun v l => apply_head l v) built_head m.

  (** * What they compute *)

  (** The sum of the pooled detectors of feature number [n]. *)
  Definition presence (m : nat -> R) (n : nat) : R :=
    sum (enumerate detectors) (fun p => if (owner (snd p) =? n)%nat then m (fst p) else 0).

  Definition absence (m : nat -> R) (n : nat) : R := relu (1 - presence m n).

  Definition alternative_value (r : nat -> R) (a : alternative) : R :=
    relu (1 - INR (length (forbids a)) + sum (forbids a) r - sum (requires a) r).

  (** The sum over the alternatives of class number [z]. *)
  Definition class_sum (r : nat -> R) (z : nat) : R :=
    sum alternatives (fun p => if (fst p =? z)%nat then alternative_value r (snd p) else 0).

  Lemma sum_by_nth_error {A} (l : list A) (f : nat -> R) (g : A -> R) :
    (forall k a, nth_error l k = Some a -> f k = g a) -> sum (seq 0 (length l)) f = sum l g.
  Proof.
    revert f. induction l as [|a l IH]; intros f H; [reflexivity|]. simpl.
    rewrite (H 0%nat a), <- seq_shift, sum_map by reflexivity. f_equal. apply IH.
    intros k b Hk. now apply (H (S k)).
  Qed.

  Lemma enumerate_sum {A} (l : list A) (f : nat * A -> R) :
    sum (enumerate l) f = sum (seq 0 (length l)) (fun k => match nth_error l k with Some a => f (k, a) | None => 0 end).
  Proof.
    unfold enumerate.
    enough (G : forall s, sum (combine (seq s (length l)) l) f
                = sum (seq 0 (length l))
                      (fun k => match nth_error l k with Some a => f ((s + k)%nat, a) | None => 0 end))
      by apply G.
    induction l as [|a l IH]; intros s; [reflexivity|]. simpl.
    rewrite IH, <- (seq_shift _ 0), sum_map, Nat.add_0_r. f_equal.
    apply sum_ext; intros k _. simpl. now rewrite Nat.add_succ_r.
  Qed.

  Lemma absence_layer m n :
    relu (sum (seq 0 (length detectors)) (fun k => absence_weight n k * m k) + 1) = absence m n.
  Proof.
    unfold absence. f_equal. unfold presence. rewrite enumerate_sum.
    replace (sum _ (fun k => absence_weight n k * m k))
      with (-1 * sum (seq 0 (length detectors)) (fun k => match nth_error detectors k with
              Some d => if (owner d =? n)%nat then m k else 0 | None => 0 end)); [simpl; lra|].
    rewrite <- sum_scale. apply sum_ext; intros k _. unfold absence_weight.
    destruct (nth_error detectors k) as [d|]; [destruct (owner d =? n)%nat|]; lra.
  Qed.

  Lemma named_distinct : NoDup named.
  Proof.
    unfold named, enumerate. generalize 0%nat.
    induction (classes T) as [|c l IH]; intros k; simpl; [constructor|].
    destruct c; simpl; [|apply IH]. constructor; [|apply IH].
    rewrite in_flat_map. intros ([z c] & Hz & H). apply in_combine_l, in_seq in Hz.
    destruct c; simpl in H; [|tauto]. destruct H as [<-|[]]. lia.
  Qed.

  Hypothesis classes_fine : forall c, In c (classes T) -> class_ok T c.

  Lemma in_alternatives z a :
    In (z, a) alternatives <-> exists l, nth_error (classes T) z = Some (AnyOf l) /\ In a l.
  Proof.
    unfold alternatives. rewrite in_flat_map. split.
    - intros ([y c] & Hc%in_enumerate & H). cbn [fst snd] in H. destruct c as [l|]; [|destruct H].
      apply in_map_iff in H. destruct H as (b & [= -> ->] & Hb). eauto.
    - intros (l & Hc & Ha). exists (z, AnyOf l). split; [now apply in_enumerate|].
      cbn [fst snd]. now apply in_map.
  Qed.

  Lemma in_named z : In z named <-> exists l, nth_error (classes T) z = Some (AnyOf l).
  Proof.
    unfold named. rewrite in_flat_map. split.
    - intros ([y c] & Hc%in_enumerate & H). cbn [fst snd] in H.
      destruct c as [l|]; [destruct H as [->|[]]; eauto|destruct H].
    - intros (l & Hc). exists (z, AnyOf l). split; [now apply in_enumerate|]. now left.
  Qed.

  Lemma literal_layer r j p :
    nth_error alternatives j = Some p ->
    relu (sum (seq 0 (length (features T))) (fun f => literal_weight j f * r f) + literal_bias j)
    = alternative_value r (snd p).
  Proof.
    intros Hj. unfold literal_weight, literal_bias, alternative_value. rewrite Hj.
    destruct p as [z a]. cbn [snd].
    assert (Hok : forall n, In n (requires a) \/ In n (forbids a) -> (n < length (features T))%nat).
    { destruct (proj1 (in_alternatives z a) (nth_error_In _ _ Hj)) as (l & Hz%nth_error_In & Ha).
      destruct (classes_fine _ Hz) as [_ H]. now apply H. }
    f_equal.
    rewrite <- (sum_counts (forbids a) (length (features T)) r) by auto.
    rewrite <- (sum_counts (requires a) (length (features T)) r) by auto.
    rewrite (sum_ext _ _ (fun f => INR (count_occ Nat.eq_dec (forbids a) f) * r f
                                   - INR (count_occ Nat.eq_dec (requires a) f) * r f)) by (intros; lra).
    rewrite sum_minus. lra.
  Qed.

  (** A sum over alternatives of a class, as the weights of the last layers write it. *)
  Lemma owned_sum r z c v :
    (forall j p, nth_error alternatives j = Some p -> v j = alternative_value r (snd p)) ->
    sum (seq 0 (length alternatives)) (fun j => (if owned z j then c else 0) * v j) = c * class_sum r z.
  Proof.
    intros Hv. unfold class_sum. rewrite <- sum_scale. apply sum_by_nth_error.
    intros j [y a] Hj. unfold owned. rewrite Hj, (Hv j (y, a) Hj). cbn [fst snd].
    destruct (y =? z)%nat; lra.
  Qed.

  (** The logits: all from the absences, whether or not the merging layer is there. *)
  Lemma head_merged m z :
    several = true -> (z < length (classes T))%nat ->
    head_output m z = match nth_error (classes T) z with
                      | Some (AnyOf _) => 1 - relu (1 - class_sum (absence m) z)
                      | _ => 1 / 2
                      end.
  Proof.
    intros Hs Hz. unfold head_output, built_head. rewrite Hs. cbn [app fold_left].
    set (r := apply_head DenseRelu (apply_head (Dense (length detectors) _ _) m)).
    assert (Er : forall n, r n = absence m n) by (intros; apply absence_layer).
    set (v := apply_head DenseRelu (apply_head (Dense (length (features T)) _ _) r)).
    assert (Ev : forall j p, nth_error alternatives j = Some p -> v j = alternative_value (absence m) (snd p)).
    { intros j p Hj. rewrite <- (literal_layer (absence m) j p) by assumption. unfold v. cbn [apply_head]. do 2 f_equal.
      apply sum_ext; intros k _. now rewrite Er. }
    clearbody v. cbn [apply_head].
    set (g := fun y => relu (1 - class_sum (absence m) y)).
    rewrite (sum_by_nth_error named _ (fun y => if Nat.eq_dec y z then - g y else 0)).
    2: { intros k y Hk. unfold merged_output_weight, merge_weight. rewrite Hk.
         rewrite (owned_sum (absence m) y (-1) v) by assumption.
         replace (-1 * class_sum (absence m) y + 1) with (1 - class_sum (absence m) y) by lra. unfold g.
         destruct (Nat.eqb_spec y z); destruct (Nat.eq_dec y z); try congruence; lra. }
    unfold output_bias. destruct (nth_error (classes T) z) as [[l|]|] eqn:E.
    - rewrite (sum_single Nat.eq_dec named (fun y => - g y)); [unfold g; lra|apply named_distinct|].
      apply in_named. eauto.
    - rewrite sum_0; [lra|]. intros y Hy%in_named. destruct (Nat.eq_dec y z) as [->|]; [|reflexivity].
      destruct Hy as [l Hl]. congruence.
    - apply nth_error_None in E. lia.
  Qed.

  Lemma head_single m z :
    several = false -> (z < length (classes T))%nat ->
    head_output m z = match nth_error (classes T) z with
                      | Some (AnyOf _) => class_sum (absence m) z
                      | _ => 1 / 2
                      end.
  Proof.
    intros Hs Hz. unfold head_output, built_head. rewrite Hs. cbn [app fold_left].
    set (r := apply_head DenseRelu (apply_head (Dense (length detectors) _ _) m)).
    assert (Er : forall n, r n = absence m n) by (intros; apply absence_layer).
    set (v := apply_head DenseRelu (apply_head (Dense (length (features T)) _ _) r)).
    assert (Ev : forall j p, nth_error alternatives j = Some p -> v j = alternative_value (absence m) (snd p)).
    { intros j p Hj. rewrite <- (literal_layer (absence m) j p) by assumption. unfold v. cbn [apply_head]. do 2 f_equal.
      apply sum_ext; intros k _. now rewrite Er. }
    clearbody v. cbn [apply_head].
    unfold single_output_weight. rewrite (owned_sum (absence m) z 1 v) by assumption.
    unfold output_bias. destruct (nth_error (classes T) z) as [[l|]|] eqn:E.
    - lra.
    - unfold class_sum. rewrite sum_0; [lra|]. intros [y a] Hy. cbn [fst snd].
      destruct (Nat.eqb_spec y z) as [->|]; [|reflexivity].
      apply in_alternatives in Hy. destruct Hy as (l & Hl & _). congruence.
    - apply nth_error_None in E. lia.
  Qed.

  (** * On an image that contains or avoids every feature *)

  Variable x : image.
  Variable r : nat -> R.
  Hypothesis gaps : forall f, In f (features T) -> 0 < gap f.
  Hypothesis absence_right : forall n f, numbered T n f -> contains T x f /\ r n = 0 \/ avoids T x f /\ r n = 1.

  Lemma absence_bit n : (n < length (features T))%nat -> bit (r n).
  Proof.
    intros Hn. destruct (nth_error (features T) n) as [f|] eqn:E; [|apply nth_error_None in E; lia].
    destruct (absence_right n f E) as [[_ H]|[_ H]]; [left|right]; assumption.
  Qed.

  Lemma feature_not_both f : In f (features T) -> contains T x f -> avoids T x f -> False.
  Proof. intros Hf Hc. exact (contains_not_avoids T x f (gaps f Hf) Hc). Qed.

  Lemma absence_0_iff n f : numbered T n f -> (r n = 0 <-> contains T x f).
  Proof.
    intros Hn. assert (Hf := nth_error_In _ _ Hn). destruct (absence_right n f Hn) as [[H E]|[H E]].
    - tauto.
    - split; [lra|]. intros Hc. destruct (feature_not_both f Hf Hc H).
  Qed.

  Lemma absence_1_iff n f : numbered T n f -> (r n = 1 <-> avoids T x f).
  Proof.
    intros Hn. assert (Hf := nth_error_In _ _ Hn). destruct (absence_right n f Hn) as [[H E]|[H E]].
    - split; [lra|]. intros Ha. destruct (feature_not_both f Hf H Ha).
    - tauto.
  Qed.

  (** An alternative's value is 1 if it holds, and 0 if not. *)
  Lemma alternative_value_right a :
    (forall n, In n (requires a) \/ In n (forbids a) -> (n < length (features T))%nat) ->
    (alternative_value r a = 1 /\ alternative_holds T x a) \/
    (alternative_value r a = 0 /\ ~ alternative_holds T x a).
  Proof.
    intros Hok. unfold alternative_value.
    assert (E : INR (length (forbids a)) - sum (forbids a) r = sum (forbids a) (fun n => 1 - r n))
      by (rewrite sum_minus, sum_const; lra).
    replace (1 - INR (length (forbids a)) + sum (forbids a) r - sum (requires a) r)
      with (1 - sum (forbids a) (fun n => 1 - r n) - sum (requires a) r) by lra.
    assert (Hreq : forall n, In n (requires a) -> bit (r n)) by (intros; apply absence_bit; auto).
    assert (Hforb : forall n, In n (forbids a) -> bit (1 - r n)).
    { intros n Hn. destruct (absence_bit n) as [H|H]; auto; rewrite H; [right|left]; lra. }
    assert (Hname : forall n, (n < length (features T))%nat -> exists f, numbered T n f).
    { intros n Hn. unfold numbered. destruct (nth_error (features T) n) eqn:E'; [eauto|]. apply nth_error_None in E'.
      lia. }
    assert (Hnonneg : 0 <= sum (forbids a) (fun n => 1 - r n)).
    { apply sum_nonneg. intros n Hn. destruct (Hforb n Hn); lra. }
    destruct (sum_bits _ _ Hreq) as [[Er Hr]|[Er (n & Hn & Hr)]].
    - destruct (sum_bits _ _ Hforb) as [[Ef Hf]|[Ef (n & Hn & Hf)]].
      + left. split; [rewrite Er, Ef, relu_pos; lra|]. split; intros n f Hn Hnum.
        * apply (absence_0_iff n f Hnum). auto.
        * apply (absence_1_iff n f Hnum). specialize (Hf n Hn). lra.
      + right. split; [apply relu_neg; lra|]. intros [_ H].
        destruct (Hname n) as [f Hnum]; auto. specialize (H n f Hn Hnum).
        apply (absence_1_iff n f Hnum) in H. lra.
    - right. split; [apply relu_neg; lra|]. intros [H _].
      destruct (Hname n) as [f Hnum]; auto. specialize (H n f Hn Hnum).
      apply (absence_0_iff n f Hnum) in H. lra.
  Qed.

  Lemma alternative_bits z l :
    nth_error (classes T) z = Some (AnyOf l) ->
    forall a, In a l ->
    (alternative_value r a = 1 /\ alternative_holds T x a) \/ (alternative_value r a = 0 /\ ~ alternative_holds T x a).
  Proof.
    intros Hz a Ha. apply alternative_value_right.
    destruct (classes_fine _ (nth_error_In _ _ Hz)) as [_ H]. now apply H.
  Qed.

  (** The alternatives of one class among all alternatives. *)
  Lemma class_sum_own z l : nth_error (classes T) z = Some (AnyOf l) -> class_sum r z = sum l (alternative_value r).
  Proof.
    intros Hz. unfold class_sum, alternatives.
    assert (Hfl : forall (F : nat * alternative -> R) (ps : list (nat * class)) G,
              sum (flat_map G ps) F = sum ps (fun p => sum (G p) F)).
    { intros F ps G. induction ps as [|p ps IH]; simpl; [reflexivity|]. now rewrite sum_app, IH. }
    rewrite Hfl, enumerate_sum.
    rewrite (sum_ext _ _ (fun k => if Nat.eq_dec k z then sum l (alternative_value r) else 0)).
    - rewrite (sum_single Nat.eq_dec _ (fun _ => sum l (alternative_value r))); [reflexivity|apply seq_NoDup|].
      apply in_seq. assert (H : nth_error (classes T) z <> None) by congruence. apply nth_error_Some in H. lia.
    - intros k _. destruct (nth_error (classes T) k) as [[l'|]|] eqn:Hk; cbn [fst snd].
      + rewrite sum_map. cbn [fst snd]. destruct (Nat.eq_dec k z) as [->|N].
        * replace l' with l by congruence. rewrite Nat.eqb_refl. reflexivity.
        * apply Nat.eqb_neq in N. rewrite N. now apply sum_0.
      + destruct (Nat.eq_dec k z) as [->|]; [congruence|reflexivity].
      + destruct (Nat.eq_dec k z) as [->|]; [congruence|reflexivity].
  Qed.

  (** At least 1 where the class's formula holds, 0 where not; exactly 1 if there is only one alternative. *)
  Lemma class_sum_right z l :
    nth_error (classes T) z = Some (AnyOf l) ->
    (1 <= class_sum r z /\ (several = false -> class_sum r z = 1) /\ formula_holds T x (AnyOf l)) \/
    (class_sum r z = 0 /\ ~ formula_holds T x (AnyOf l)).
  Proof.
    intros Hz. rewrite (class_sum_own z l Hz). assert (Hbits := alternative_bits z l Hz).
    destruct (sum_bits l (alternative_value r)) as [[E H]|[E (a & Ha & Hv)]].
    - intros a Ha. destruct (Hbits a Ha) as [[E _]|[E _]]; [right|left]; assumption.
    - right. split; [assumption|]. intros (a & Ha & Hh). specialize (H a Ha).
      destruct (Hbits a Ha) as [[E' _]|[_ N]]; [lra|contradiction].
    - left. split; [assumption|]. split.
      + intros Hs. destruct l as [|b [|c l]]; [destruct Ha| |].
        * destruct Ha as [->|[]]. simpl. lra.
        * exfalso. enough (several = true) by congruence. unfold several. apply existsb_exists.
          exists (AnyOf (b :: c :: l)). split; [exact (nth_error_In _ _ Hz)|reflexivity].
      + exists a. split; [assumption|]. destruct (Hbits a Ha) as [[_ Hh]|[E' _]]; [assumption|lra].
  Qed.
End Head.

(** The logit of a class with a formula is 1 if the formula holds, else 0; that of [Otherwise] is 1/2. *)
Lemma head_right T detectors x m z c :
  (forall c, In c (classes T) -> class_ok T c) ->
  (forall f, In f (features T) -> 0 < gap f) ->
  (forall n f, numbered T n f ->
     contains T x f /\ absence detectors m n = 0 \/ avoids T x f /\ absence detectors m n = 1) ->
  nth_error (classes T) z = Some c ->
  match c with
  | AnyOf _ => head_output T detectors m z = 1 /\ formula_holds T x c \/
               head_output T detectors m z = 0 /\ ~ formula_holds T x c
  | Otherwise => head_output T detectors m z = 1 / 2
  end.
Proof.
  intros Hok Hgap Habs Hz.
  assert (Hlt : (z < length (classes T))%nat) by (apply nth_error_Some; congruence).
  destruct (several T) eqn:Hs.
  - rewrite (head_merged T detectors Hok m z Hs Hlt), Hz. destruct c as [l|]; [|reflexivity].
    destruct (class_sum_right T Hok x (absence detectors m) Hgap Habs z l Hz) as [(H & _ & Hf)|(H & Hf)].
    + left. split; [rewrite relu_neg; lra|assumption].
    + right. split; [rewrite H, relu_pos; lra|assumption].
  - rewrite (head_single T detectors Hok m z Hs Hlt), Hz. destruct c as [l|]; [|reflexivity].
    destruct (class_sum_right T Hok x (absence detectors m) Hgap Habs z l Hz) as [(_ & H & Hf)|(H & Hf)]; auto.
Qed.
