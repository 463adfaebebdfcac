(** Long runs (FORMAT.md, "Witnesses"): an image in which a line comes many times more is seen by a stem, by its global
    pool and by the windows of features as a smaller one is, in which it comes less often. Real numbers and integers
    only.

    Along one axis: the smaller image has n lines, those from a to e - 1 are equal, and the larger one has T more of
    them. Where T is 0 nothing is asked of a and e. *)

From Coq Require Import Reals ZArith List Lra Lia Bool FinFun.
From ExactCNN Require Import Sums Images.
From ExactCNN Require Axis Tasks Networks.
Import ListNotations.
Open Scope Z_scope.

(** * One axis *)

Definition run_fine (n a e T : Z) : Prop := 0 <= T /\ (T = 0 \/ 0 <= a /\ a < e <= n).

(** The line of the smaller image that line i is, and a line that is line i of the smaller one. *)
Definition back (a e T i : Z) : Z := if i <? e then i else if i <? e + T then a else i - T.
Definition forth (e T i : Z) : Z := if i <? e then i else i + T.

Lemma back_inside n a e T i : run_fine n a e T -> 0 <= i < n + T -> 0 <= back a e T i < n.
Proof. unfold run_fine, back. intros H Hi. destruct (Z.ltb_spec i e), (Z.ltb_spec i (e + T)); lia. Qed.

Lemma forth_inside n a e T i :
  run_fine n a e T -> 0 <= i < n -> 0 <= forth e T i < n + T /\ back a e T (forth e T i) = i.
Proof.
  unfold run_fine, back, forth. intros H Hi. destruct (Z.ltb_spec i e).
  - destruct (Z.ltb_spec i e); lia.
  - destruct (Z.ltb_spec (i + T) e), (Z.ltb_spec (i + T) (e + T)); lia.
Qed.

(** Two lines of the smaller image that are the same, or both in the run. *)
Definition near (a e T r r' : Z) : Prop := r = r' \/ 0 < T /\ a <= r < e /\ a <= r' < e.

(** The positions of a layer whose windows lie in the run. *)
Definition first_in_run (l : Axis.level) (a : Z) : Z := - ((- (a + Axis.before l)) / Axis.stride l).
Definition end_of_run (l : Axis.level) (e : Z) : Z := (e + Axis.before l - Axis.kernel l) / Axis.stride l + 1.

Section Level.
  Variables (l : Axis.level) (n a e T : Z).
  Hypothesis l_ok : Axis.level_ok l.
  Hypothesis fine : run_fine n a e (T * Axis.stride l).
  Let a' := first_in_run l a.
  Let e' := end_of_run l e.
  Hypothesis kept : T = 0 \/ a' < e'.

  Lemma first_in_run_spec i : a' <= i <-> a <= i * Axis.stride l - Axis.before l.
  Proof.
    destruct l_ok as (_ & Hs & _). unfold a', first_in_run. set (m := - (a + Axis.before l)).
    assert (Hd := Z.div_mod m (Axis.stride l) ltac:(lia)).
    assert (Hm := Z.mod_pos_bound m (Axis.stride l) ltac:(lia)). unfold m in *. nia.
  Qed.

  Lemma end_of_run_spec i : i < e' <-> i * Axis.stride l - Axis.before l + Axis.kernel l <= e.
  Proof.
    destruct l_ok as (_ & Hs & _). unfold e', end_of_run. set (m := e + Axis.before l - Axis.kernel l).
    assert (Hd := Z.div_mod m (Axis.stride l) ltac:(lia)).
    assert (Hm := Z.mod_pos_bound m (Axis.stride l) ltac:(lia)). unfold m in *. nia.
  Qed.

  Lemma steps_nonneg : 0 <= T.
  Proof. destruct l_ok as (_ & Hs & _), fine as [H _]. nia. Qed.

  Lemma run_fine_above : run_fine (Axis.above l n) a' e' T.
  Proof.
    assert (Ht := steps_nonneg). split; [assumption|]. destruct kept as [->|Hlt]; [now left|].
    destruct (Z.eq_dec T 0) as [->|N]; [now left|]. right.
    destruct l_ok as (Hk & Hs & Hb & Ha), fine as [_ [H0|(H1 & H2)]]; [nia|].
    split.
    - destruct (Z_lt_le_dec a' 0) as [Hneg|]; [|assumption].
      assert (H := proj1 (first_in_run_spec (-1)) ltac:(lia)). nia.
    - split; [assumption|]. unfold e', end_of_run, Axis.above.
      assert (H := Z.div_le_mono (e + Axis.before l - Axis.kernel l) (n + Axis.before l + Axis.after l - Axis.kernel l)
        (Axis.stride l) ltac:(lia) ltac:(lia)). lia.
  Qed.

  Lemma above_more : Axis.above l (n + T * Axis.stride l) = Axis.above l n + T.
  Proof. destruct l_ok as (_ & Hs & _). now apply Axis.above_next. Qed.

  (** Line u of the window at position i, and of that at the position of the smaller image. *)
  Lemma window_lines i u :
    0 <= i < Axis.above l n + T -> 0 <= u < Axis.kernel l ->
    let r := i * Axis.stride l - Axis.before l + u in
    let r' := back a' e' T i * Axis.stride l - Axis.before l + u in
    (0 <= r < n + T * Axis.stride l <-> 0 <= r' < n) /\
    near a e (T * Axis.stride l) (back a e (T * Axis.stride l) r) r'.
  Proof.
    intros Hi Hu r r'. destruct l_ok as (Hk & Hs & Hb & Ha). assert (Ht := steps_nonneg). set (S := Axis.stride l) in *.
    destruct (Z.eq_dec T 0) as [E|N].
    { assert (Er : r' = r).
      { unfold r, r', back. rewrite E. destruct (Z.ltb_spec i e'); [reflexivity|].
        destruct (Z.ltb_spec i (e' + 0)); [lia|]. f_equal. f_equal. f_equal. lia. }
      rewrite Er. rewrite E, Z.mul_0_l. split; [lia|]. left. unfold back.
      destruct (Z.ltb_spec r e); [reflexivity|]. destruct (Z.ltb_spec r (e + 0)); lia. }
    destruct kept as [|Hlt]; [lia|]. destruct fine as [_ [H0|(H1 & H2)]]; [nia|].
    assert (Hpos : 0 < T * S) by nia.
    assert (A := first_in_run_spec). assert (E := end_of_run_spec). fold S in A, E.
    assert (Er : r = i * S - Axis.before l + u) by reflexivity.
    assert (Er' : r' = back a' e' T i * S - Axis.before l + u) by reflexivity. clearbody r r'.
    unfold back in Er'. destruct (Z.ltb_spec i e') as [Hc|Hc].
    - apply E in Hc. assert (r' = r) by lia. subst r'. split; [lia|]. left. unfold back.
      destruct (Z.ltb_spec r e); lia.
    - destruct (Z.ltb_spec i (e' + T)) as [Hc'|Hc'].
      + assert (G1 := proj1 (A i) ltac:(lia)). assert (G2 := proj1 (E (i - T)) ltac:(lia)).
        assert (G3 := proj1 (A a') ltac:(lia)). assert (G4 := proj1 (E a') ltac:(lia)).
        assert (Eb : a <= r < e + T * S) by nia.
        split; [lia|]. right. split; [assumption|]. split; [|lia]. unfold back.
        destruct (Z.ltb_spec r e); [lia|]. destruct (Z.ltb_spec r (e + T * S)); lia.
      + assert (G1 := proj1 (A (i - T)) ltac:(lia)).
        assert (r' = r - T * S) by (rewrite Er, Er'; ring). subst r'.
        assert (Eb : a + T * S <= r) by nia.
        split; [lia|]. unfold near, back. destruct (Z.ltb_spec r e); [right; lia|].
        destruct (Z.ltb_spec r (e + T * S)); [right; lia|left; lia].
  Qed.

  (** The windows of the positions of the run lie in the run. *)
  Lemma window_in_run i u :
    a' <= i < e' -> 0 <= u < Axis.kernel l -> a <= i * Axis.stride l - Axis.before l + u < e.
  Proof.
    intros [H1 H2] Hu. apply first_in_run_spec in H1. apply end_of_run_spec in H2. lia.
  Qed.
End Level.

(** * Two images *)

Definition expanded (x x' : image) (a e T b f U : Z) : Prop :=
  run_fine (height x') a e T /\ run_fine (width x') b f U /\
  height x = height x' + T /\ width x = width x' + U /\
  (forall k i j, inside x i j -> pixel x k i j = pixel x' k (back a e T i) (back b f U j)) /\
  (0 < T -> forall k i i' j, a <= i < e -> a <= i' < e -> 0 <= j < width x' -> pixel x' k i j = pixel x' k i' j) /\
  (0 < U -> forall k i j j', b <= j < f -> b <= j' < f -> 0 <= i < height x' -> pixel x' k i j = pixel x' k i j').

(** Two places that both exist, with the same pixels, or both do not. *)
Definition matches (x y : image) (r c r' c' : Z) : Prop :=
  (inside x r c <-> inside y r' c') /\ (inside x r c -> forall k, pixel x k r c = pixel y k r' c').

Lemma matches_insideb x y r c r' c' : matches x y r c r' c' -> insideb x r c = insideb y r' c'.
Proof. intros [H _]. destruct (insideb_spec x r c), (insideb_spec y r' c'); tauto. Qed.

Lemma near_matches x x' a e T b f U r c r' c' :
  expanded x x' a e T b f U ->
  (0 <= r < height x <-> 0 <= r' < height x') -> (0 <= c < width x <-> 0 <= c' < width x') ->
  near a e T (back a e T r) r' -> near b f U (back b f U c) c' -> matches x x' r c r' c'.
Proof.
  intros (F1 & F2 & Hh & Hw & Hp & Ha & Hb) Er Ec Nr Nc. split; [unfold inside; tauto|].
  intros Hin k. rewrite Hp by assumption. destruct Hin as [Hr Hc].
  assert (Br := back_inside _ _ _ _ r F1 ltac:(lia)). assert (Bc := back_inside _ _ _ _ c F2 ltac:(lia)).
  transitivity (pixel x' k r' (back b f U c)).
  - destruct Nr as [->|(Ht & N1 & N2)]; [reflexivity|]. now apply Ha.
  - destruct Nc as [->|(Ht & N1 & N2)]; [reflexivity|]. apply Hb; tauto.
Qed.

(** What a window's value may depend on. *)
Definition respects (g : Networks.geometry) (value : image -> nat -> Z -> Z -> R) : Prop :=
  forall x y r c r' c',
    (forall u v, 0 <= u < Networks.kernel_rows g -> 0 <= v < Networks.kernel_columns g ->
                 matches x y (r + u) (c + v) (r' + u) (c' + v)) ->
    forall k, value x k r c = value y k r' c'.

Lemma convolution_respects inputs g weight bias :
  respects g (fun x k r s => (patch_sum inputs (Networks.kernel_rows g) (Networks.kernel_columns g)
                (fun c i j => weight k c i j * padded x c (r + i)%Z (s + j)%Z) + bias k)%R).
Proof.
  intros x y r c r' c' H k. cbv beta. f_equal. apply patch_sum_ext. intros ch i j (_ & Hi & Hj). f_equal.
  specialize (H i j Hi Hj). unfold padded. rewrite (matches_insideb _ _ _ _ _ _ H).
  destruct (insideb_spec y (r' + i) (c' + j)) as [Hin|]; [|reflexivity]. destruct H as [H1 H2]. now apply H2, H1.
Qed.

Lemma existing_respects g :
  forall x y r c r' c',
    (forall u v, 0 <= u < Networks.kernel_rows g -> 0 <= v < Networks.kernel_columns g ->
                 matches x y (r + u) (c + v) (r' + u) (c' + v)) ->
    forall k, map (fun p => pixel x k (fst p) (snd p)) (Networks.existing g x r c)
              = map (fun p => pixel y k (fst p) (snd p)) (Networks.existing g y r' c').
Proof.
  intros x y r c r' c' H k. unfold Networks.existing.
  assert (Hl : forall p, In p (list_prod (ints (Networks.kernel_rows g)) (ints (Networks.kernel_columns g))) ->
                 matches x y (r + fst p) (c + snd p) (r' + fst p) (c' + snd p)).
  { intros [u v] Hp%in_prod_iff. rewrite !in_ints in Hp. apply H; tauto. }
  revert Hl. generalize (list_prod (ints (Networks.kernel_rows g)) (ints (Networks.kernel_columns g))) as l.
  induction l as [|p l IH]; intros Hl; [reflexivity|]. cbn [map filter fst snd].
  assert (Hp := Hl p (or_introl eq_refl)). specialize (IH (fun q Hq => Hl q (or_intror Hq))).
  rewrite (matches_insideb _ _ _ _ _ _ Hp).
  destruct (insideb_spec y (r' + fst p) (c' + snd p)) as [Hin|]; [|exact IH].
  cbn [map fst snd]. rewrite IH. f_equal. destruct Hp as [H1 H2]. now apply H2, H1.
Qed.

(** A sliding layer keeps such images such. *)
Section Slide.
  Variables (d q : Axis.level).
  Hypothesis d_ok : Axis.level_ok d.
  Hypothesis q_ok : Axis.level_ok q.
  Let g := Networks.Geometry (Axis.kernel d) (Axis.kernel q) (Axis.stride d) (Axis.stride q)
                             (Axis.before d) (Axis.before q) (Axis.after d) (Axis.after q).
  Variable value : image -> nat -> Z -> Z -> R.
  Hypothesis value_respects : respects g value.

  Lemma slide_expanded x x' a e T b f U :
    expanded x x' a e (T * Axis.stride d) b f (U * Axis.stride q) ->
    T = 0 \/ first_in_run d a < end_of_run d e -> U = 0 \/ first_in_run q b < end_of_run q f ->
    expanded (Networks.slide g x (value x)) (Networks.slide g x' (value x'))
             (first_in_run d a) (end_of_run d e) T (first_in_run q b) (end_of_run q f) U.
  Proof.
    intros HX K1 K2. assert (HX' := HX). destruct HX' as (F1 & F2 & Hh & Hw & _ & Ha & Hb).
    assert (T0 := steps_nonneg d _ _ _ _ d_ok F1). assert (U0 := steps_nonneg q _ _ _ _ q_ok F2).
    assert (R1 := run_fine_above d _ _ _ _ d_ok F1 K1). assert (R2 := run_fine_above q _ _ _ _ q_ok F2 K2).
    unfold Networks.slide, expanded.
    cbn [height width pixel g Networks.kernel_rows Networks.kernel_columns Networks.down Networks.right
      Networks.top Networks.left Networks.bottom Networks.ending].
    change (Networks.extent ?n (Axis.kernel d) (Axis.stride d) (Axis.before d) (Axis.after d)) with (Axis.above d n).
    change (Networks.extent ?n (Axis.kernel q) (Axis.stride q) (Axis.before q) (Axis.after q)) with (Axis.above q n).
    split; [exact R1|]. split; [exact R2|].
    split; [change (Axis.above d (height x) = Axis.above d (height x') + T); rewrite Hh; now apply above_more|].
    split; [change (Axis.above q (width x) = Axis.above q (width x') + U); rewrite Hw; now apply above_more|].
    split; [|split].
    - intros k i j [Hi Hj]. cbn [height width] in Hi, Hj.
      change (0 <= i < Axis.above d (height x)) in Hi. change (0 <= j < Axis.above q (width x)) in Hj.
      rewrite Hh, above_more in Hi by assumption. rewrite Hw, above_more in Hj by assumption.
      apply value_respects. intros u v Hu Hv. cbn [g Networks.kernel_rows Networks.kernel_columns] in Hu, Hv.
      destruct (window_lines d _ _ _ _ d_ok F1 K1 i u Hi Hu) as [E1 N1].
      destruct (window_lines q _ _ _ _ q_ok F2 K2 j v Hj Hv) as [E2 N2].
      apply (near_matches x x' a e _ b f _ _ _ _ _ HX); try assumption; [rewrite Hh|rewrite Hw]; assumption.
    - intros Ht k i i' j Hi Hi' Hj. apply value_respects. intros u v Hu Hv.
      cbn [g Networks.kernel_rows Networks.kernel_columns] in Hu, Hv.
      assert (W1 := window_in_run d a e d_ok i u Hi Hu). assert (W2 := window_in_run d a e d_ok i' u Hi' Hu).
      assert (Hpos : 0 < T * Axis.stride d) by (destruct d_ok as (_ & Hs & _); nia).
      destruct F1 as [_ [H0|(H1 & H2)]]; [lia|].
      split; [unfold inside; lia|]. intros [_ Hin] k'. now apply Ha.
    - intros Ht k i j j' Hj Hj' Hi. apply value_respects. intros u v Hu Hv.
      cbn [g Networks.kernel_rows Networks.kernel_columns] in Hu, Hv.
      assert (W1 := window_in_run q b f q_ok j v Hj Hv). assert (W2 := window_in_run q b f q_ok j' v Hj' Hv).
      assert (Hpos : 0 < U * Axis.stride q) by (destruct q_ok as (_ & Hs & _); nia).
      destruct F2 as [_ [H0|(H1 & H2)]]; [lia|].
      split; [unfold inside; lia|]. intros [Hin _] k'. now apply Hb.
  Qed.
End Slide.

Lemma map_expanded (h : R -> R) x x' a e T b f U :
  expanded x x' a e T b f U ->
  expanded (Image (height x) (width x) (fun k i j => h (pixel x k i j)))
           (Image (height x') (width x') (fun k i j => h (pixel x' k i j))) a e T b f U.
Proof.
  intros (F1 & F2 & Hh & Hw & Hp & Ha & Hb). unfold expanded. cbn [height width pixel].
  repeat (split; [assumption|]). split; [|split].
  - intros k i j Hin. f_equal. now apply Hp.
  - intros Ht k i i' j Hi Hi' Hj. f_equal. now apply Ha.
  - intros Ht k i j j' Hj Hj' Hi. f_equal. now apply Hb.
Qed.

(** * Sums and maxima over positions *)

Lemma sum_back n a e T (h : Z -> R) :
  run_fine n a e T ->
  sum (ints (n + T)) (fun i => h (back a e T i)) = sum (ints n) (fun i => (IZR (if i =? a then 1 + T else 1) * h i)%R).
Proof.
  intros [Ht Hrun]. destruct (Z.eq_dec T 0) as [->|N].
  { rewrite Z.add_0_r. apply sum_ext. intros i _. unfold back.
    replace (if i =? a then 1 + 0 else 1) with 1 by (now destruct (i =? a)). rewrite Rmult_1_l. f_equal.
    destruct (Z.ltb_spec i e); [reflexivity|]. destruct (Z.ltb_spec i (e + 0)); lia. }
  destruct Hrun as [|(H0 & H1 & H2)]; [contradiction|].
  rewrite (sum_ext (ints n) _ (fun i => (h i + (if Z.eq_dec i a then IZR T * h i else 0))%R)).
  2: { intros i _. destruct (Z.eqb_spec i a), (Z.eq_dec i a); try contradiction; [rewrite plus_IZR|]; lra. }
  rewrite sum_plus, (sum_single Z.eq_dec (ints n) (fun i => (IZR T * h i)%R)).
  3: { apply in_ints. lia. }
  2: { unfold ints. apply Injective_map_NoDup; [intros u v; lia|apply seq_NoDup]. }
  unfold ints. rewrite !sum_map.
  replace (Z.to_nat (n + T)) with (Z.to_nat e + (Z.to_nat T + Z.to_nat (n - e)))%nat by lia.
  replace (Z.to_nat n) with (Z.to_nat e + Z.to_nat (n - e))%nat by lia.
  rewrite !seq_app, !sum_app.
  rewrite (sum_ext (seq 0 (Z.to_nat e)) (fun k => h (back a e T (Z.of_nat k))) (fun k => h (Z.of_nat k))).
  2: { intros k Hk%in_seq. f_equal. unfold back. destruct (Z.ltb_spec (Z.of_nat k) e); lia. }
  rewrite (sum_ext (seq (0 + Z.to_nat e) (Z.to_nat T)) _ (fun _ => h a)).
  2: { intros k Hk%in_seq. f_equal. unfold back.
       destruct (Z.ltb_spec (Z.of_nat k) e), (Z.ltb_spec (Z.of_nat k) (e + T)); lia. }
  rewrite sum_const, seq_length, INR_IZR_INZ, Z2Nat.id by lia.
  replace (sum (seq (0 + Z.to_nat e + Z.to_nat T) (Z.to_nat (n - e))) (fun k => h (back a e T (Z.of_nat k))))
    with (sum (seq (0 + Z.to_nat e) (Z.to_nat (n - e))) (fun k => h (Z.of_nat k))); [lra|].
  replace (0 + Z.to_nat e + Z.to_nat T)%nat with (Z.to_nat T + (0 + Z.to_nat e))%nat by lia.
  assert (Hshift : forall m s t, seq (t + s) m = map (fun k => (t + k)%nat) (seq s m)).
  { induction m as [|m IH]; intros s t; [reflexivity|]. cbn [seq map]. f_equal. rewrite <- IH. f_equal. lia. }
  rewrite (Hshift (Z.to_nat (n - e)) (0 + Z.to_nat e)%nat (Z.to_nat T)), sum_map. apply sum_ext.
  intros k Hk%in_seq. f_equal. unfold back.
  destruct (Z.ltb_spec (Z.of_nat (Z.to_nat T + k)) e), (Z.ltb_spec (Z.of_nat (Z.to_nat T + k)) (e + T)); lia.
Qed.

Lemma maximum_same (l m : list R) : l <> [] -> m <> [] -> incl l m -> incl m l -> maximum l = maximum m.
Proof.
  intros Hl Hm H1 H2. apply Rle_antisym.
  - apply maximum_le; [assumption|]. intros v Hv. apply maximum_ge. now apply H1.
  - apply maximum_le; [assumption|]. intros v Hv. apply maximum_ge. now apply H2.
Qed.

Section Pools.
  Variables (x x' : image) (a e T b f U : Z).
  Hypothesis HX : expanded x x' a e T b f U.

  Lemma expanded_sum k :
    sum (positions x) (fun p => pixel x k (fst p) (snd p))
    = sum (positions x') (fun p => (IZR ((if fst p =? a then 1 + T else 1) * (if snd p =? b then 1 + U else 1))
                                    * pixel x' k (fst p) (snd p))%R).
  Proof.
    destruct HX as (F1 & F2 & Hh & Hw & Hp & _). unfold positions. rewrite !sum_prod, Hh, Hw. cbn [fst snd].
    rewrite (sum_ext _ _ (fun i => (fun i' => sum (ints (width x')) (fun j =>
               (IZR (if j =? b then 1 + U else 1) * pixel x' k i' j)%R)) (back a e T i))).
    - rewrite (sum_back (height x') a e T (fun i' => sum (ints (width x')) (fun j =>
        (IZR (if j =? b then 1 + U else 1) * pixel x' k i' j)%R)) F1). apply sum_ext. intros i _.
      rewrite <- sum_scale. apply sum_ext. intros j _. rewrite mult_IZR. ring.
    - intros i Hi%in_ints. cbv beta. rewrite <- (sum_back (width x') b f U (fun j => pixel x' k (back a e T i) j) F2).
      apply sum_ext. intros j Hj%in_ints. apply Hp. unfold inside. lia.
  Qed.

  Hypothesis nonempty : 1 <= height x /\ 1 <= width x.

  Lemma smaller_nonempty : 1 <= height x' /\ 1 <= width x'.
  Proof. destruct HX as ((_ & F1) & (_ & F2) & Hh & Hw & _). lia. Qed.

  Lemma expanded_maximum k :
    maximum (map (fun p => pixel x k (fst p) (snd p)) (positions x))
    = maximum (map (fun p => pixel x' k (fst p) (snd p)) (positions x')).
  Proof.
    assert (N' := smaller_nonempty). destruct HX as (F1 & F2 & Hh & Hw & Hp & _).
    assert (Hne : forall y, 1 <= height y /\ 1 <= width y ->
                    map (fun p => pixel y k (fst p) (snd p)) (positions y) <> []).
    { intros y Hy E. apply map_eq_nil in E.
      assert (H : In (0, 0) (positions y)) by (apply in_positions; unfold inside; lia). rewrite E in H. destruct H. }
    apply maximum_same; [now apply Hne|now apply Hne| |].
    - intros v Hv. apply in_map_iff in Hv. destruct Hv as ([i j] & <- & Hin%in_positions). cbn [fst snd].
      rewrite Hp by assumption. destruct Hin as [Hi Hj].
      apply (in_map_iff (fun p => pixel x' k (fst p) (snd p))). exists (back a e T i, back b f U j).
      split; [reflexivity|]. apply in_positions. split; apply back_inside; try assumption; lia.
    - intros v Hv. apply in_map_iff in Hv. destruct Hv as ([i j] & <- & [Hi Hj]%in_positions). cbn [fst snd].
      destruct (forth_inside _ _ _ _ i F1 Hi) as [Gi Ei]. destruct (forth_inside _ _ _ _ j F2 Hj) as [Gj Ej].
      apply (in_map_iff (fun p => pixel x k (fst p) (snd p))). exists (forth e T i, forth f U j).
      assert (Hin : inside x (forth e T i) (forth f U j)) by (unfold inside; lia).
      split; [cbn [fst snd]; rewrite Hp by assumption; now rewrite Ei, Ej|]. now apply in_positions.
  Qed.
End Pools.

(** * Windows of features *)

Section Features.
  Variables (T : Tasks.task) (x x' : image) (a e t b f u : Z).
  Hypothesis HX : expanded x x' a e t b f u.
  Variable g : Tasks.feature.
  Hypothesis g_size : 1 <= Tasks.rows g /\ 1 <= Tasks.columns g.
  Let d := Axis.Level (Tasks.rows g) 1 0 0.
  Let q := Axis.Level (Tasks.columns g) 1 0 0.
  Hypothesis kept_rows : t = 0 \/ first_in_run d a < end_of_run d e.
  Hypothesis kept_columns : u = 0 \/ first_in_run q b < end_of_run q f.

  Let r' r := back (first_in_run d a) (end_of_run d e) t r.
  Let s' s := back (first_in_run q b) (end_of_run q f) u s.

  Lemma fits_above (y : image) r s :
    Tasks.window_fits g y r s <-> 0 <= r < Axis.above d (height y) /\ 0 <= s < Axis.above q (width y).
  Proof.
    unfold Tasks.window_fits, Axis.above, d, q. cbn [Axis.kernel Axis.stride Axis.before Axis.after].
    rewrite !Z.div_1_r. lia.
  Qed.

  Lemma levels_ok : Axis.level_ok d /\ Axis.level_ok q.
  Proof. unfold Axis.level_ok, d, q. cbn [Axis.kernel Axis.stride Axis.before Axis.after]. lia. Qed.

  Lemma runs_fine : run_fine (height x') a e (t * Axis.stride d) /\ run_fine (width x') b f (u * Axis.stride q).
  Proof.
    destruct HX as (F1 & F2 & _). unfold d, q. cbn [Axis.stride]. now rewrite !Z.mul_1_r.
  Qed.

  Lemma more_windows :
    Axis.above d (height x) = Axis.above d (height x') + t /\ Axis.above q (width x) = Axis.above q (width x') + u.
  Proof.
    destruct HX as (_ & _ & -> & -> & _). unfold Axis.above, d, q. cbn [Axis.kernel Axis.stride Axis.before Axis.after].
    rewrite !Z.div_1_r. lia.
  Qed.

  (** Every window of the larger image is one of the smaller. *)
  Lemma same_excess r s tm :
    Tasks.window_fits g x r s ->
    Tasks.window_fits g x' (r' r) (s' s) /\
    Tasks.excess T g tm (window x r s) = Tasks.excess T g tm (window x' (r' r) (s' s)).
  Proof.
    intros Hfit. assert (Hfit' := Hfit). apply fits_above in Hfit'. destruct Hfit' as [Hr Hs].
    destruct more_windows as [Mr Ms]. rewrite Mr in Hr. rewrite Ms in Hs.
    destruct levels_ok as [Od Oq], runs_fine as [F1 F2].
    assert (B1 := back_inside _ _ _ _ r (run_fine_above d _ _ _ _ Od F1 kept_rows) Hr).
    assert (B2 := back_inside _ _ _ _ s (run_fine_above q _ _ _ _ Oq F2 kept_columns) Hs).
    split; [apply fits_above; split; assumption|].
    unfold Tasks.excess. apply patch_sum_ext. intros c i j (_ & Hi & Hj).
    destruct (window_lines d _ _ _ _ Od F1 kept_rows r i Hr Hi) as [E1 N1].
    destruct (window_lines q _ _ _ _ Oq F2 kept_columns s j Hs Hj) as [E2 N2].
    fold (r' r) in E1, N1. fold (s' s) in E2, N2. unfold d in E1, N1. unfold q in E2, N2.
    cbn [Axis.stride Axis.before] in E1, N1, E2, N2. rewrite !Z.mul_1_r, !Z.sub_0_r in *.
    assert (HX' := HX). destruct HX' as (_ & _ & Hh & Hw & _).
    assert (M : matches x x' (r + i) (s + j) (r' r + i) (s' s + j)).
    { apply (near_matches x x' a e t b f u _ _ _ _ HX); try assumption; [rewrite Hh|rewrite Hw]; assumption. }
    unfold window. destruct M as [_ M]. rewrite M; [reflexivity|].
    unfold Tasks.window_fits in Hfit. unfold inside. lia.
  Qed.

  (** And every one of the smaller is one of the larger. *)
  Lemma window_found r s :
    Tasks.window_fits g x' r s -> exists R S, Tasks.window_fits g x R S /\ r' R = r /\ s' S = s.
  Proof.
    intros [Hr Hs]%fits_above. destruct more_windows as [Mr Ms]. destruct levels_ok as [Od Oq], runs_fine as [F1 F2].
    destruct (forth_inside _ _ _ _ r (run_fine_above d _ _ _ _ Od F1 kept_rows) Hr) as [Gr Er].
    destruct (forth_inside _ _ _ _ s (run_fine_above q _ _ _ _ Oq F2 kept_columns) Hs) as [Gs Es].
    eexists _, _. split; [|split; [exact Er|exact Es]]. apply fits_above. rewrite Mr, Ms. split; assumption.
  Qed.

  Lemma same_contains : Tasks.contains T x g <-> Tasks.contains T x' g.
  Proof.
    split.
    - intros (r & s & Hfit & tm & Ht & E). destruct (same_excess r s tm Hfit) as [Hfit' E'].
      exists (r' r), (s' s). split; [assumption|]. exists tm. split; [assumption|]. congruence.
    - intros (r & s & Hfit & tm & Ht & E). destruct (window_found r s Hfit) as (R & S & HF & <- & <-).
      destruct (same_excess R S tm HF) as [_ E']. exists R, S. split; [assumption|]. exists tm.
      split; [assumption|]. congruence.
  Qed.

  Lemma same_avoids : Tasks.avoids T x g <-> Tasks.avoids T x' g.
  Proof.
    split.
    - intros H r s Hfit tm Ht. destruct (window_found r s Hfit) as (R & S & HF & <- & <-).
      destruct (same_excess R S tm HF) as [_ <-]. now apply (H R S HF).
    - intros H r s Hfit tm Ht. destruct (same_excess r s tm Hfit) as [Hfit' ->]. now apply (H _ _ Hfit').
  Qed.
End Features.

Lemma same_is_image T x x' a e t b f u :
  expanded x x' a e t b f u -> Tasks.is_image T x' -> Tasks.is_image T x.
Proof.
  intros ((Ht & F1) & (Hu & F2) & Hh & Hw & Hp & _) (H1 & H2 & H3).
  split; [lia|]. split; [lia|]. intros c i j Hc Hin. rewrite Hp by assumption. apply H3; [assumption|].
  destruct Hin as [Hi Hj]. rewrite Hh in Hi. rewrite Hw in Hj. unfold inside.
  split; [apply (back_inside _ a e t)|apply (back_inside _ b f u)]; unfold run_fine; tauto.
Qed.
