(** Witnesses: if [check_certificate] accepts, the statement is true, and not about the empty set: for every class there
    is an admissible image of the range with that label, whose logit leads by the margin.

    Where a row or a column of a witness comes many times, the checker looks at a smaller image ([Runs.v]). *)

From Coq Require Import Reals ZArith NArith List Lra Lia Bool FMapPositive.
From ExactCNN Require Import Sums Images Formulas Numbers Checker Instance Evaluation Soundness Quotients Locals.
From ExactCNN Require Import HeadSequents Certificates Runs Evaluations.
From ExactCNN Require Axis Tasks Networks.
Import ListNotations.
Open Scope R_scope.

Module Witnesses (Num : SpecifiedNumbers).
  Module Export Evaluated := Evaluations Num.

  (** * Long runs through a stem *)

  Lemma layer_expanded l x x' a e T b f U :
    layer_fine l ->
    expanded x x' a e (T * Axis.step (row_levels_of l)) b f (U * Axis.step (column_levels_of l)) ->
    (T = 0%Z \/ run_through (row_levels_of l) (a, e) <> None) ->
    (U = 0%Z \/ run_through (column_levels_of l) (b, f) <> None) ->
    exists a' e' b' f',
      expanded (Networks.apply (layer_of l) x) (Networks.apply (layer_of l) x') a' e' T b' f' U /\
      (T = 0%Z \/ run_through (row_levels_of l) (a, e) = Some (a', e')) /\
      (U = 0%Z \/ run_through (column_levels_of l) (b, f) = Some (b', f')).
  Proof.
    intros (Hr & Hc & _) HX K1 K2.
    assert (Hslide : forall d q value,
      row_levels_of l = [d] -> column_levels_of l = [q] -> respects (geometry_of d q) value ->
      exists a' e' b' f',
        expanded (Networks.slide (geometry_of d q) x (value x)) (Networks.slide (geometry_of d q) x' (value x'))
                 a' e' T b' f' U /\
        (T = 0%Z \/ run_through (row_levels_of l) (a, e) = Some (a', e')) /\
        (U = 0%Z \/ run_through (column_levels_of l) (b, f) = Some (b', f'))).
    { intros d q value Ed Eq Hv. rewrite Ed, Eq in *. inversion_clear Hr as [|? ? Od _].
      inversion_clear Hc as [|? ? Oq _]. cbn [Axis.step] in HX. rewrite !Z.mul_1_l in HX.
      cbn [run_through run_above fst snd] in *.
      change (- ((- (a + Axis.before d)) / Axis.stride d))%Z with (first_in_run d a) in *.
      change ((e + Axis.before d - Axis.kernel d) / Axis.stride d + 1)%Z with (end_of_run d e) in *.
      change (- ((- (b + Axis.before q)) / Axis.stride q))%Z with (first_in_run q b) in *.
      change ((f + Axis.before q - Axis.kernel q) / Axis.stride q + 1)%Z with (end_of_run q f) in *.
      exists (first_in_run d a), (end_of_run d e), (first_in_run q b), (end_of_run q f).
      destruct (Z.ltb_spec (first_in_run d a) (end_of_run d e)), (Z.ltb_spec (first_in_run q b) (end_of_run q f));
        (split; [|split; tauto]); apply (slide_expanded d q Od Oq value Hv x x' a e T b f U HX); tauto. }
    destruct l as [inputs d q taps bias u| |d q|d q]; cbn [row_levels_of column_levels_of layer_of Networks.apply] in *.
    - apply (Hslide d q (fun x k r s =>
        patch_sum (N.to_nat inputs) (Axis.kernel d) (Axis.kernel q)
          (fun c i j => tap_weight taps u k c i j * padded x c (r + i)%Z (s + j)%Z)
        + real (nth k bias Num.zero) / real u) eq_refl eq_refl).
      apply (convolution_respects (N.to_nat inputs) (geometry_of d q) (tap_weight taps u)
               (fun k => real (nth k bias Num.zero) / real u)).
    - exists a, e, b, f. cbn [Axis.step run_through] in *. rewrite !Z.mul_1_r in HX.
      split; [now apply map_expanded|]. auto.
    - apply (Hslide d q (fun x k r s => maximum (map (fun p => pixel x k (fst p) (snd p))
        (Networks.existing (geometry_of d q) x r s))) eq_refl eq_refl).
      intros y z r c r' c' H k. f_equal. now apply existing_respects.
    - apply (Hslide d q (fun x k r s => sum (Networks.existing (geometry_of d q) x r s)
        (fun p => pixel x k (fst p) (snd p)) / IZR (Axis.kernel d * Axis.kernel q)) eq_refl eq_refl).
      intros y z r c r' c' H k. f_equal.
      rewrite <- !(sum_map _ (fun p => pixel _ k (fst p) (snd p)) (fun v => v)). f_equal.
      now apply existing_respects.
  Qed.

  Lemma run_through_app l l' r :
    run_through (l ++ l') r = match run_through l r with Some r' => run_through l' r' | None => None end.
  Proof.
    revert r. induction l as [|d l IH]; intros r; [reflexivity|]. cbn [app run_through].
    destruct (_ <? _)%Z; [apply IH|reflexivity].
  Qed.

  Lemma step_app l l' : Axis.step (l ++ l') = (Axis.step l * Axis.step l')%Z.
  Proof. induction l as [|d l IH]; cbn [app Axis.step]; [now rewrite Z.mul_1_l|]. rewrite IH. ring. Qed.

  Lemma step_zero l T : Forall Axis.level_ok l -> (T * Axis.step l = 0 <-> T = 0)%Z.
  Proof. intros H. assert (G := Axis.step_pos l H). nia. Qed.

  Lemma stem_expanded l : forall x x' a e T b f U,
    Forall layer_fine l ->
    expanded x x' a e (T * Axis.step (row_levels l)) b f (U * Axis.step (column_levels l)) ->
    (T = 0%Z \/ run_through (row_levels l) (a, e) <> None) ->
    (U = 0%Z \/ run_through (column_levels l) (b, f) <> None) ->
    exists a' e' b' f',
      expanded (fold_left (fun y g => Networks.apply g y) (map layer_of l) x)
               (fold_left (fun y g => Networks.apply g y) (map layer_of l) x') a' e' T b' f' U /\
      (T = 0%Z \/ run_through (row_levels l) (a, e) = Some (a', e')) /\
      (U = 0%Z \/ run_through (column_levels l) (b, f) = Some (b', f')).
  Proof.
    induction l as [|l ls IH]; intros x x' a e T b f U Hl HX K1 K2.
    - exists a, e, b, f. unfold row_levels, column_levels in *. cbn [flat_map Axis.step run_through] in *.
      rewrite !Z.mul_1_r in HX. auto.
    - inversion_clear Hl as [|? ? H1 H2]. unfold row_levels, column_levels in *. cbn [flat_map map fold_left] in *.
      fold (row_levels ls) in *. fold (column_levels ls) in *.
      rewrite !step_app, (Z.mul_comm (Axis.step (row_levels_of l))), (Z.mul_comm (Axis.step (column_levels_of l))),
        !Z.mul_assoc in HX.
      rewrite !run_through_app in *.
      destruct (layer_expanded l x x' a e _ b f _ H1 HX) as (a1 & e1 & b1 & f1 & HX1 & E1 & E2).
      { destruct K1 as [->|K1]; [left; reflexivity|right]. intros E. rewrite E in K1. now apply K1. }
      { destruct K2 as [->|K2]; [left; reflexivity|right]. intros E. rewrite E in K2. now apply K2. }
      rewrite (step_zero (row_levels ls)) in E1 by now apply row_levels_ok.
      rewrite (step_zero (column_levels ls)) in E2 by now apply column_levels_ok.
      destruct (IH _ _ a1 e1 T b1 f1 U H2 HX1) as (a2 & e2 & b2 & f2 & HX2 & E3 & E4).
      { destruct E1 as [|E1]; [tauto|]. rewrite E1 in K1. exact K1. }
      { destruct E2 as [|E2]; [tauto|]. rewrite E2 in K2. exact K2. }
      exists a2, e2, b2, f2. split; [exact HX2|]. split.
      + destruct E1 as [|E1]; [tauto|]. rewrite E1. exact E3.
      + destruct E2 as [|E2]; [tauto|]. rewrite E2. exact E4.
  Qed.

  (** * The smaller image *)

  (** What [shorter] gives: a run of the smaller image that is still there after all levels, and for all windows. *)
  Lemma shorter_spec levels sizes core full p len ex :
    Forall Axis.level_ok levels -> (0 <= p < core /\ core <= full)%Z ->
    shorter levels sizes core full p = (len, ex) ->
    let e := (p + (len - core) + 1)%Z in
    (core <= len)%Z /\ full = (len + extra_lines ex * Axis.step levels)%Z /\ (0 <= extra_lines ex)%Z /\
    (extra_lines ex = 0%Z \/
     (exists e', run_through levels (p, e) = Some (extra_at ex, e')) /\
     forall size, In size sizes -> run_through [Axis.Level size 1 0 0] (p, e) <> None).
  Proof.
    intros Hl Hp. unfold shorter. cbv zeta. set (reach := fold_right Z.max _ sizes).
    set (steps := Z.max 0 _).
    assert (Hnone : (full, no_extra) = (len, ex) ->
      (core <= len)%Z /\ full = (len + extra_lines ex * Axis.step levels)%Z /\ (0 <= extra_lines ex)%Z /\
      (extra_lines ex = 0%Z \/
       (exists e', run_through levels (p, (p + (len - core) + 1)%Z) = Some (extra_at ex, e')) /\
       forall size, In size sizes -> run_through [Axis.Level size 1 0 0] (p, (p + (len - core) + 1)%Z) <> None)).
    { intros [= <- <-]. cbn [no_extra extra_lines]. lia. }
    destruct (_ && _)%bool eqn:Et; [|exact Hnone].
    destruct (run_through levels (p, (p + (full - steps * Axis.step levels - core) + 1)%Z)) as [[first last]|] eqn:Er;
      [|exact Hnone].
    intros [= <- <-]. cbn [extra_at extra_lines].
    apply andb_true_iff in Et. destruct Et as [Ec%Z.leb_le Es]. rewrite forallb_forall in Es.
    split; [assumption|]. split; [lia|]. split; [unfold steps; lia|]. right. split; [eauto|].
    intros size Hs E. specialize (Es size Hs). rewrite E in Es. discriminate.
  Qed.

  Section OfStatement.
    Variables (st : statement) (w : witness).
    Let core := core_sheet st w.

    Hypothesis row_ok : (0 <= repeated_row w < core_height w)%Z.
    Hypothesis column_ok : (0 <= repeated_column w < core_width w)%Z.
    Hypothesis unit_ok : 0 < real (core_unit w).

    Lemma stretched_shows h v :
      shows (N.to_nat (channels st)) (stretched w core h v) (image_of (stretched w core h v)).
    Proof.
      split; [now apply sheet_of_fine|]. split; [|repeat split].
      cbn. now rewrite N_nat_Z.
    Qed.

    Lemma stretched_pixel h v k i j :
      inside (image_of (stretched w core h v)) i j ->
      pixel (image_of (stretched w core h v)) k i j
      = real (number_at core (Z.of_nat k) (unstretched (repeated_row w) (h - core_height w) i)
                (unstretched (repeated_column w) (v - core_width w) j)) / real (core_unit w).
    Proof.
      intros [Hi Hj]. cbn [image_of height width stretched sheet_of sheet_height sheet_width] in Hi, Hj.
      cbn [image_of pixel]. change (sheet_unit (stretched w core h v)) with (core_unit w). do 2 f_equal.
      unfold number_at at 1, stretched. rewrite cell_at_sheet_of.
      destruct (Z.leb_spec 0 i), (Z.ltb_spec i h), (Z.leb_spec 0 j), (Z.ltb_spec j v); try lia. cbn [andb].
      unfold number_at. destruct (cell_at core _ _); [reflexivity|].
      unfold number_in, look. rewrite PositiveMap.gempty. now destruct (_ <? _)%Z.
    Qed.

    (** The core's number at a place. *)
    Definition core_number (k i j : Z) : number :=
      nth (Z.to_nat j) (nth (Z.to_nat i) (nth (Z.to_nat k) (core_numbers w) []) []) Num.zero.

    Lemma core_sheet_number k i j :
      (0 <= k < Z.of_N (channels st))%Z -> (0 <= i < core_height w)%Z -> (0 <= j < core_width w)%Z ->
      number_at core k i j = core_number k i j.
    Proof.
      intros Hk Hi Hj. unfold number_at, core, core_sheet, sheet_of_lists. rewrite cell_at_sheet_of.
      destruct (Z.leb_spec 0 i), (Z.ltb_spec i (core_height w)), (Z.leb_spec 0 j), (Z.ltb_spec j (core_width w));
        try lia.
      cbn [andb]. rewrite number_in_tabulated, look_listed, nth_error_map by lia. unfold core_number.
      destruct (nth_error (core_numbers w) (Z.to_nat k)) as [plane|] eqn:Ek; cbn [option_map].
      - rewrite (nth_error_nth _ _ [] Ek), look_listed, nth_error_map by lia.
        destruct (nth_error plane (Z.to_nat i)) as [row|] eqn:Ei; cbn [option_map].
        + rewrite (nth_error_nth _ _ [] Ei). unfold number_in. rewrite look_listed by lia.
          destruct (nth_error row (Z.to_nat j)) as [v|] eqn:Ej; symmetry; [now apply nth_error_nth|].
          apply nth_overflow. now apply nth_error_None.
        + rewrite (nth_overflow plane) by now apply nth_error_None. now destruct (Z.to_nat j).
      - rewrite (nth_overflow (core_numbers w)) by now apply nth_error_None.
        now destruct (Z.to_nat i), (Z.to_nat j).
    Qed.

    (** The image that a witness is: the core, with a row and a column of it repeated. *)
    Theorem witness_pixel k i j :
      (core_height w <= full_height w)%Z -> (core_width w <= full_width w)%Z -> (k < N.to_nat (channels st))%nat ->
      (0 <= i < full_height w)%Z -> (0 <= j < full_width w)%Z ->
      pixel (image_of (witness_sheet st w)) k i j
      = real (core_number (Z.of_nat k)
                (unstretched (repeated_row w) (full_height w - core_height w) i)
                (unstretched (repeated_column w) (full_width w - core_width w) j)) / real (core_unit w).
    Proof.
      intros Hh Hv Hk Hi Hj. unfold witness_sheet. fold core. rewrite stretched_pixel by (split; assumption).
      assert (Hu : forall p n c a, (0 <= p < c)%Z -> (c <= n)%Z -> (0 <= a < n)%Z ->
                                   (0 <= unstretched p (n - c) a < c)%Z).
      { intros p n c a Hp Hc Ha. unfold unstretched.
        destruct (Z.ltb_spec a p); [lia|]. destruct (Z.leb_spec a (p + (n - c))); lia. }
      rewrite core_sheet_number; [reflexivity|lia| |]; now apply Hu.
    Qed.

    Lemma unstretched_back p more T i :
      (0 <= more)%Z -> (0 <= T)%Z ->
      unstretched p (more + T) i = unstretched p more (back p (p + more + 1) T i).
    Proof.
      intros Hm Ht. unfold back.
      destruct (Z.ltb_spec i (p + more + 1)); [|destruct (Z.ltb_spec i (p + more + 1 + T))]; unfold unstretched;
        repeat match goal with |- context [(?u <? ?v)%Z] => destruct (Z.ltb_spec u v) end;
        repeat match goal with |- context [(?u <=? ?v)%Z] => destruct (Z.leb_spec u v) end; lia.
    Qed.

    Lemma unstretched_run p more i : (p <= i < p + more + 1)%Z -> unstretched p more i = p.
    Proof.
      intros Hi. unfold unstretched. destruct (Z.ltb_spec i p); [lia|]. destruct (Z.leb_spec i (p + more)); lia.
    Qed.

    Lemma stretched_expanded h v T U :
      (core_height w <= h)%Z -> (core_width w <= v)%Z -> (0 <= T)%Z -> (0 <= U)%Z ->
      expanded (image_of (stretched w core (h + T) (v + U))) (image_of (stretched w core h v))
        (repeated_row w) (repeated_row w + (h - core_height w) + 1) T
        (repeated_column w) (repeated_column w + (v - core_width w) + 1) U.
    Proof.
      intros Hh Hv HT HU.
      assert (F1 : run_fine h (repeated_row w) (repeated_row w + (h - core_height w) + 1) T)
        by (split; [assumption|right; lia]).
      assert (F2 : run_fine v (repeated_column w) (repeated_column w + (v - core_width w) + 1) U)
        by (split; [assumption|right; lia]).
      split; [exact F1|]. split; [exact F2|]. split; [reflexivity|]. split; [reflexivity|]. split; [|split].
      - intros k i j Hin. rewrite stretched_pixel by assumption. destruct Hin as [Hi Hj].
        cbn [image_of height width stretched sheet_of sheet_height sheet_width] in Hi, Hj.
        assert (B1 := back_inside _ _ _ _ i F1 Hi). assert (B2 := back_inside _ _ _ _ j F2 Hj).
        rewrite stretched_pixel by (split; assumption).
        replace (h + T - core_height w)%Z with (h - core_height w + T)%Z by lia.
        replace (v + U - core_width w)%Z with (v - core_width w + U)%Z by lia.
        rewrite !unstretched_back by lia. reflexivity.
      - intros _ k i i' j Hi Hi' Hj.
        rewrite !stretched_pixel by (split; [|exact Hj];
          cbn [image_of height stretched sheet_of sheet_height]; lia).
        now rewrite (unstretched_run _ _ i Hi), (unstretched_run _ _ i' Hi').
      - intros _ k i j j' Hj Hj' Hi.
        rewrite !stretched_pixel by (split; [exact Hi|];
          cbn [image_of width stretched sheet_of sheet_width]; lia).
        now rewrite (unstretched_run _ _ j Hj), (unstretched_run _ _ j' Hj').
    Qed.
  End OfStatement.

  Lemma weight_extra a T i : weight_of (Extra a T) i = (if i =? a then 1 + T else 1)%Z.
  Proof. reflexivity. Qed.

  (** The pool of the larger image, from the smaller. *)
  Lemma pooled_expanded p y y' a e T b f U rows columns k :
    expanded y y' a e T b f U -> (1 <= height y /\ 1 <= width y)%Z ->
    extra_lines rows = T -> extra_lines columns = U ->
    (T = 0%Z \/ extra_at rows = a) -> (U = 0%Z \/ extra_at columns = b) ->
    pooled_with p rows columns y' k = Networks.pooled (pool_of p) y k.
  Proof.
    intros HX Hne ER EC KR KC.
    assert (Hsum : sum (positions y') (fun ij =>
              IZR (weight_of rows (fst ij) * weight_of columns (snd ij)) * pixel y' k (fst ij) (snd ij))
            = sum (map (fun q => pixel y k (fst q) (snd q)) (positions y)) (fun v => v)).
    { rewrite sum_map, (expanded_sum y y' a e T b f U HX). apply sum_ext. intros [i j] _. cbn [fst snd].
      do 2 f_equal. unfold weight_of. rewrite ER, EC. f_equal.
      - destruct KR as [->| ->]; [|reflexivity]. now destruct (i =? a)%Z, (i =? extra_at rows)%Z.
      - destruct KC as [->| ->]; [|reflexivity]. now destruct (j =? b)%Z, (j =? extra_at columns)%Z. }
    destruct p; cbn [pooled_with pool_of Networks.pooled].
    - symmetry. now apply (expanded_maximum y y' a e T b f U HX).
    - exact Hsum.
    - rewrite Hsum. f_equal. destruct HX as (_ & _ & Hh & Hw & _). rewrite ER, EC, <- Hh, <- Hw, map_length.
      unfold positions. rewrite prod_length, mult_INR, !ints_length by lia. now rewrite mult_IZR.
  Qed.

  (** * A witness that is accepted *)

  Section Accepted.
    Variables (st : statement) (cert : certificate).
    Hypothesis accepted : check_instance st cert = true.
    Hypothesis channels_ok : channels_okb st = true.

    Let T := task_of st.
    Let N := network_of st.

    (** Logit y of the image leads all others by the margin. *)
    Definition leads_margin (x : image) (y : nat) : Prop :=
      forall z, (z < length (classes st))%nat -> z <> y ->
                Networks.logit N x z + ratio_value (margin st) <= Networks.logit N x y.

    Lemma leads_by_margin_spec k pooled v y :
      channels_after (stem st) (channels st) = Some k -> shows (N.to_nat k) pooled (one_pixel v) ->
      (y < length (classes st))%nat -> leads_by_margin st (logits_sheet st pooled) y = true ->
      forall z, (z < length (classes st))%nat -> z <> y ->
        fold_left (fun v l => Networks.apply_head l v) (map head_of (head st)) v z + ratio_value (margin st)
        <= fold_left (fun v l => Networks.apply_head l v) (map head_of (head st)) v y.
    Proof.
      intros Ek Hs Hy H z Hz Hne. destruct (statement_parts st cert accepted) as (_ & Hhead & Hm & _).
      unfold leads_by_margin in H. rewrite forallb_forall in H.
      specialize (H z ltac:(unfold numbers_of; apply in_seq; lia)). apply orb_true_iff in H.
      destruct H as [->%Nat.eqb_eq|H%leb_real]; [contradiction|].
      destruct (logits_value st Hhead channels_ok k pooled v z Ek Hs Hz) as [Hu Ez].
      destruct (logits_value st Hhead channels_ok k pooled v y Ek Hs Hy) as [_ Ey].
      rewrite !real_mul, real_add, real_opp, Ez, Ey in H. unfold ratio_value.
      set (u := real (sheet_unit (logits_sheet st pooled))) in *.
      set (lz := fold_left _ _ v z) in *. set (ly := fold_left _ _ v y) in *.
      set (o := real (over (margin st))) in *. set (m := real (under (margin st))) in *.
      apply (Rmult_le_reg_r (u * m)); [now apply Rmult_lt_0_compat|].
      replace ((lz + o / m) * (u * m)) with (lz * (u * m) + o * u) by (field; lra). lra.
    Qed.

    Theorem check_witness_sound y w :
      (y < length (classes st))%nat -> check_witness st y w = true ->
      let x := image_of (witness_sheet st w) in
      in_sizes st (height x) (width x) /\ Tasks.admissible T x /\ Tasks.labelled T x y /\ leads_margin x y.
    Proof.
      intros Hy. unfold check_witness. rewrite !andb_true_iff, !Z.leb_le, !Z.ltb_lt.
      destruct (statement_parts st cert accepted) as (Hst & Hhead & _).
      assert (Hparts := Hst). destruct Hparts as (Hgrid & Hrange & Hlayers & Hfeat).
      assert (OR := row_levels_ok _ Hlayers). assert (OC := column_levels_ok _ Hlayers).
      destruct (shorter (row_levels (stem st)) _ _ _ _) as [h rows] eqn:Eh.
      destruct (shorter (column_levels (stem st)) _ _ _ _) as [v columns] eqn:Ev. cbv zeta.
      intros (((((((((R1 & R2) & R3) & C1) & C2) & C3) & Sr) & Sc) & Hu%positive_real) & H).
      apply shorter_spec in Eh; [|assumption|lia]. apply shorter_spec in Ev; [|assumption|lia]. cbv zeta in Eh, Ev.
      destruct Eh as (Hh & Eh & Hrl & Kr), Ev as (Hv & Ev & Hcl & Kc).
      set (TT := (extra_lines rows * Axis.step (row_levels (stem st)))%Z) in *.
      set (UU := (extra_lines columns * Axis.step (column_levels (stem st)))%Z) in *.
      assert (HT : (0 <= TT)%Z) by (unfold TT; assert (G := Axis.step_pos _ OR); nia).
      assert (HU : (0 <= UU)%Z) by (unfold UU; assert (G := Axis.step_pos _ OC); nia).
      assert (HX := stretched_expanded st w ltac:(lia) ltac:(lia) h v TT UU Hh Hv HT HU).
      assert (Hshow := stretched_shows st w Hu h v).
      unfold witness_sheet. rewrite Eh, Ev.
      set (x := image_of (stretched w (core_sheet st w) (h + TT) (v + UU))) in *.
      set (s := stretched w (core_sheet st w) h v) in *. set (x' := image_of s) in *.
      rewrite !andb_true_iff in H. destruct H as (((Himage & Hdecided) & Hlabel) & Hlead).
      assert (Hsize : in_sizes st (height x) (width x)).
      { unfold x. cbn [image_of height width stretched sheet_of sheet_height sheet_width]. rewrite <- Eh, <- Ev.
        unfold within in Sr, Sc. apply andb_true_iff in Sr, Sc. rewrite Z.leb_le in Sr, Sc.
        split; [tauto|]. split; [intros n En; rewrite En in Sr; lia|]. split; [tauto|].
        intros n En; rewrite En in Sc; lia. }
      assert (Hx' : Tasks.is_image T x') by now apply (is_imageb_spec st Hst s x' Hshow).
      assert (Hx : Tasks.is_image T x) by exact (same_is_image T x x' _ _ _ _ _ _ HX Hx').
      assert (Hstates : states_mean st x (feature_states st s)).
      { assert (H := feature_states_mean st Hst s x' Hshow). unfold states_mean in *.
        assert (Hall : forall l m, (forall g, In g l -> In g (features st)) ->
          Forall2 (fun g s => (fst s = true <-> Tasks.contains T x' (feature_of st g)) /\
                              (snd s = true <-> Tasks.avoids T x' (feature_of st g))) l m ->
          Forall2 (fun g s => (fst s = true <-> Tasks.contains T x (feature_of st g)) /\
                              (snd s = true <-> Tasks.avoids T x (feature_of st g))) l m).
        { intros l m Hl HF. induction HF as [|g sg l m [Hc Ha] _ IH]; constructor.
          - assert (Hg : In g (features st)) by (apply Hl; now left).
            destruct (Hfeat g Hg) as (G1 & G2 & _).
            assert (Kr' : TT = 0%Z \/ (first_in_run (Axis.Level (f_rows g) 1 0 0) (repeated_row w)
                      < end_of_run (Axis.Level (f_rows g) 1 0 0) (repeated_row w + (h - core_height w) + 1))%Z).
            { destruct Kr as [E|[_ Kr]]; [left; unfold TT; now rewrite E|right].
              specialize (Kr (f_rows g) (in_map f_rows _ _ Hg)). cbn [run_through run_above fst snd] in Kr.
              unfold first_in_run, end_of_run. destruct (Z.ltb_spec
                (- ((- (repeated_row w + Axis.before (Axis.Level (f_rows g) 1 0 0)))
                  / Axis.stride (Axis.Level (f_rows g) 1 0 0)))
                ((repeated_row w + (h - core_height w) + 1 + Axis.before (Axis.Level (f_rows g) 1 0 0)
                  - Axis.kernel (Axis.Level (f_rows g) 1 0 0)) / Axis.stride (Axis.Level (f_rows g) 1 0 0) + 1));
                [assumption|congruence]. }
            assert (Kc' : UU = 0%Z \/ (first_in_run (Axis.Level (f_columns g) 1 0 0) (repeated_column w)
                      < end_of_run (Axis.Level (f_columns g) 1 0 0) (repeated_column w + (v - core_width w) + 1))%Z).
            { destruct Kc as [E|[_ Kc]]; [left; unfold UU; now rewrite E|right].
              specialize (Kc (f_columns g) (in_map f_columns _ _ Hg)). cbn [run_through run_above fst snd] in Kc.
              unfold first_in_run, end_of_run. destruct (Z.ltb_spec
                (- ((- (repeated_column w + Axis.before (Axis.Level (f_columns g) 1 0 0)))
                  / Axis.stride (Axis.Level (f_columns g) 1 0 0)))
                ((repeated_column w + (v - core_width w) + 1 + Axis.before (Axis.Level (f_columns g) 1 0 0)
                  - Axis.kernel (Axis.Level (f_columns g) 1 0 0)) / Axis.stride (Axis.Level (f_columns g) 1 0 0) + 1));
                [assumption|congruence]. }
            rewrite (same_contains T x x' _ _ _ _ _ _ HX (feature_of st g) (conj G1 G2) Kr' Kc').
            rewrite (same_avoids T x x' _ _ _ _ _ _ HX (feature_of st g) (conj G1 G2) Kr' Kc'). auto.
          - apply IH. intros g' Hg'. apply Hl. now right. }
        now apply Hall. }
      assert (HL : Tasks.labelled T x y).
      { apply (label_in_spec st x _ Hstates). destruct (label_in st (feature_states st s)) as [z|]; [|discriminate].
        now apply Nat.eqb_eq in Hlabel as ->. }
      split; [exact Hsize|]. split.
      { split; [exact Hx|]. split; [now apply (decidedb_spec st x _ Hstates)|]. exists y. exact HL. }
      split; [exact HL|].
      (* the logits *)
      assert (HR : expanded (Networks.read_image (reading_of st) x) (Networks.read_image (reading_of st) x')
                     (repeated_row w) (repeated_row w + (h - core_height w) + 1) TT
                     (repeated_column w) (repeated_column w + (v - core_width w) + 1) UU)
        by now apply map_expanded.
      unfold TT, UU in HR.
      apply (stem_expanded (stem st)) in HR; [|assumption|destruct Kr as [|[[? Kr] _]]; [tauto|right; congruence]
                                              |destruct Kc as [|[[? Kc] _]]; [tauto|right; congruence]].
      destruct HR as (a1 & e1 & b1 & f1 & HR & E1 & E2).
      destruct (stem_sheet_shows st Hst channels_ok s x' Hshow) as (k & Ek & Hs).
      assert (Hne := out_nonempty st cert accepted x Hsize).
      assert (HP := HR). destruct HP as (_ & _ & Ph & Pw & _).
      assert (Hpos : (0 < (height (Networks.stem_output N x') + extra_lines rows)
                          * (width (Networks.stem_output N x') + extra_lines columns))%Z).
      { apply Z.mul_pos_pos.
        - apply (Z.lt_le_trans _ 1); [lia|]. unfold Networks.stem_output, N.
          cbn [network_of Networks.stem Networks.input]. rewrite <- Ph. exact (proj1 Hne).
        - apply (Z.lt_le_trans _ 1); [lia|]. unfold Networks.stem_output, N.
          cbn [network_of Networks.stem Networks.input]. rewrite <- Pw. exact (proj2 Hne). }
      apply (pooled_sheet_shows (pool st) rows columns _ _ _ Hs) in Hpos.
      intros z Hz Hzy. unfold Networks.logit.
      assert (HP := leads_by_margin_spec k _ _ y Ek Hpos Hy Hlead z Hz Hzy).
      assert (E : forall l (v w : nat -> R), (forall k, v k = w k) ->
                forall z, fold_left (fun v l => Networks.apply_head l v) l v z
                          = fold_left (fun v l => Networks.apply_head l v) l w z).
      { clear. induction l as [|h l IH]; intros v w Hvw z; cbn [fold_left]; [apply Hvw|]. apply IH. intros o.
        destruct h as [inputs weight bias|]; cbn [Networks.apply_head]; [|now rewrite Hvw].
        f_equal. apply sum_ext. intros i _. now rewrite Hvw. }
      assert (EP : forall k, pooled_with (pool st) rows columns (Networks.stem_output N x') k
                             = Networks.pooled (pool_of (pool st)) (Networks.stem_output N x) k).
      { intros k'. apply (pooled_expanded (pool st) _ _ a1 e1 _ b1 f1 _ rows columns k' HR Hne eq_refl eq_refl).
        - destruct E1 as [|E1]; [tauto|]. destruct Kr as [|[[e' Kr] _]]; [tauto|right; congruence].
        - destruct E2 as [|E2]; [tauto|]. destruct Kc as [|[[f' Kc] _]]; [tauto|right; congruence]. }
      cbn [N network_of Networks.head Networks.pooling].
      rewrite !(E _ _ _ EP) in HP. exact HP.
    Qed.
  End Accepted.

  (** * Whole certificates with their witnesses *)

  (** The acceptance of a certificate is the theorem, and says that it is about something: there is a witness for every
      class. *)
  Theorem check_certificate_sound st cert l :
    check_certificate st cert l = true ->
    Networks.zero_error (task_of st) (network_of st) (in_sizes st) (ratio_value (margin st)) /\
    forall y, (y < length (classes st))%nat ->
      exists x, in_sizes st (height x) (width x) /\ Tasks.admissible (task_of st) x /\ Tasks.labelled (task_of st) x y.
  Proof.
    unfold check_certificate, check_witnesses. rewrite !andb_true_iff. intros (Hi & Hc & Hw).
    split; [now apply (check_instance_sound st cert)|]. intros y Hy.
    destruct (each_nth _ _ _ y y Hw (nth_numbers _ y Hy)) as (w & _ & H).
    destruct (check_witness_sound st cert Hi Hc y w Hy H) as (H1 & H2 & H3 & _). eauto.
  Qed.
End Witnesses.
