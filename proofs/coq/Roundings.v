(** The bound of [Rounding.v] is one (THEOREM.md, section 7): logits that are computed in binary32, by any execution that
    [Executions.v] allows, are no further from the exact ones; so that an accepted certificate of a margin of float32
    execution proves that margin of all computed logits. *)

From Coq Require Import Reals ZArith NArith Znumtheory List Lra Lia Bool.
From ExactCNN Require Import Sums Images Numbers Checker Instance Evaluation Rounding Soundness Quotients Locals.
From ExactCNN Require Import HeadSequents Certificates Witnesses Binary32 ComputedSums ComputedMeans Executions Closeness RoundedStems.
From ExactCNN Require Axis Tasks Networks.
Import ListNotations.
Open Scope R_scope.

Module Roundings (Num : SpecifiedNumbers).
  Module Export Stemmed := RoundedStems Num.
  Module Witnessed := Stemmed.Single.Summed.Witnessed.

  (** * The head *)

  Definition follows (p : progress) (v w : nat -> R) : Prop :=
    spacing_fine (spacing p) /\ forall k b, nth_error (spans p) k = Some b -> fits (spacing p) b (v k) (w k).

  Lemma head_follows h p p' v w z :
    layer_fine (as_stem h) -> round_layer (as_stem h) p = Some p' -> follows p v w ->
    executed_head_layer (head_of h) w z -> follows p' (Networks.apply_head (head_of h) v) z.
  Proof.
    intros (_ & _ & Htaps) Hp [Hsp Hf] E. destruct h as [inputs taps bias u|]; cbn [as_stem] in *.
    2: { injection Hp as <-. split; [exact Hsp|]. cbn [spans spacing]. intros k b Hb.
         apply nth_error_mapped in Hb. destruct Hb as (b' & Hb & <-). specialize (E k). cbn [head_of] in E. rewrite E.
         cbn [head_of Networks.apply_head]. apply relu_fits. now apply Hf. }
    set (g := fun t : N * number => (fst t, 0%Z, 0%Z, snd t)) in *.
    destruct (round_conv _ _ _ _ _ _ _ _ Hp) as (Hu & Hbias & found & Hfound & Hthrough).
    change (padded_spans single single (spans p)) with (spans p) in Hfound.
    split; [exact (through_spacing _ _ _ _ _ Hthrough Hsp)|]. intros k b Hb.
    destruct (through_spec _ _ _ _ _ Hthrough) as (_ & Espans & _). rewrite Espans in Hb.
    apply nth_error_mapped in Hb. destruct Hb as (s & Hs & <-).
    destruct (conv_rows _ _ _ _ _ _ Hfound Hs) as (c & Hc & Hins & Hsums).
    specialize (E k). cbn [head_of Networks.apply_head] in E |- *. rewrite (nth_error_nth _ _ Num.zero Hc) in E |- *.
    set (row := nth k (map (map g) taps) []) in *.
    assert (Erow : row = map g (nth k taps [])) by apply (map_nth (map g) taps [] k).
    assert (Weights : forall c, dense_weight taps u k c
                       = sum row (fun t => if (tap_chan t =? c)%nat then tap_number t / real u else 0)).
    { intros c'. rewrite Erow, sum_map. reflexivity. }
    assert (Places : forall t, In t row -> (tap_chan t < N.to_nat inputs)%nat).
    { intros [[[k' r] s'] w'] Ht. destruct (Htaps k k' r s' w' Ht) as (G1 & _). unfold tap_chan. cbn [fst]. lia. }
    rewrite (dense_taps (N.to_nat inputs) row tap_chan (fun t => tap_number t / real u) (dense_weight taps u k) Weights Places v).
    apply (row_fits (spacing p) (spans p) u c row s found p' (fun c _ _ => v c) (fun c _ _ => w c)); try assumption.
    - rewrite forallb_forall in Hbias. exact (Hbias c (nth_error_In _ _ Hc)).
    - intros t c' _ Hc'. now apply Hf.
    - intros n Hbn HM Hn Hn'.
      exact (dense_summed (N.to_nat inputs) row tap_chan (fun t => tap_number t / real u) (dense_weight taps u k) Weights
               Places w _ _ E n Hbn HM Hn Hn').
    - intros e q He Hq Hbe Heq HM.
      exact (dense_exact (N.to_nat inputs) row tap_chan (fun t => tap_number t / real u) (dense_weight taps u k) Weights
               Places w _ _ E e q He Hq Hbe Heq HM).
  Qed.

  Lemma heads_follow hs : forall p p' v w z,
    Forall layer_fine (map as_stem hs) -> round_layers (map as_stem hs) p = Some p' -> follows p v w ->
    executed_head (map head_of hs) w z ->
    follows p' (fold_left (fun v l => Networks.apply_head l v) (map head_of hs) v) z.
  Proof.
    induction hs as [|h hs IH]; intros p p' v w z Hl Hp Hf E.
    - injection Hp as <-. cbn in E. subst z. exact Hf.
    - cbn [map round_layers] in Hp. apply bind_some in Hp. destruct Hp as (q & Hq & Hp).
      cbn [map executed_head fold_left] in *. destruct E as (t & Et & E). inversion_clear Hl as [|? ? Hl1 Hl2].
      apply (IH q p' _ t z Hl2 Hp); [|exact E]. now apply (head_follows h p q v w t).
  Qed.

  (** * Global pools *)

  Lemma fits_none sp b x y : fits sp b x y -> fits None b x y.
  Proof. intros (A & B & C & _). repeat split; try apply A; try assumption; discriminate. Qed.

  Lemma positions_count x :
    (1 <= height x)%Z -> (1 <= width x)%Z -> INR (length (positions x)) = IZR (height x * width x) /\ positions x <> [].
  Proof.
    intros H W. unfold positions.
    assert (E : length (list_prod (ints (height x)) (ints (width x))) = (Z.to_nat (height x) * Z.to_nat (width x))%nat).
    { rewrite prod_length. unfold ints. now rewrite !map_length, !seq_length. }
    split.
    - rewrite E, INR_IZR_INZ. f_equal. lia.
    - intros N. rewrite N in E. cbn [length] in E. nia.
  Qed.

  Lemma same_positions x y : height y = height x -> width y = width x -> positions y = positions x.
  Proof. intros Hh Hw. unfold positions. now rewrite Hh, Hw. Qed.

  (** The sums that bound those of at most [n] positions. *)
  Lemma position_sums_bounds n b m :
    0 <= m <= IZR n -> 0 <= real (span_error b) -> 0 <= real (span_size b) -> real (span_low b) <= real (span_high b) ->
    let s := position_sums (of_Z n) b in
    real (sum_low s) <= m * real (span_low b) /\ m * real (span_high b) <= real (sum_high s) /\
    m * real (span_error b) <= real (sum_error s) /\ m * real (span_size b) <= real (sum_size s).
  Proof.
    intros [M0 Mn] E0 S0 LH. cbv zeta. unfold position_sums.
    cbn [sum_low sum_high sum_error sum_size with_zero span_low span_high span_error].
    unfold span_size at 1. unfold span_size at 1. cbn [with_zero span_low span_high span_error].
    rewrite !real_add, !real_largest, !real_opp, !real_lesser, !real_mul, !real_zero, !real_of_Z.
    set (l := real (span_low b)) in *. set (h := real (span_high b)) in *. set (e := real (span_error b)) in *.
    assert (A : Rmin 0 (IZR n * l) <= m * l).
    { destruct (Rle_lt_dec 0 l); [eapply Rle_trans; [apply Rmin_l|nra]|eapply Rle_trans; [apply Rmin_r|nra]]. }
    assert (B : m * h <= Rmax 0 (IZR n * h)).
    { destruct (Rle_lt_dec h 0); [eapply Rle_trans; [|apply Rmax_l]; nra|eapply Rle_trans; [|apply Rmax_r]; nra]. }
    assert (C : m * e <= IZR n * e) by (apply Rmult_le_compat_r; lra).
    assert (D : m * Rmax (- l) h <= Rmax (- Rmin 0 (IZR n * l)) (Rmax 0 (IZR n * h))).
    { assert (R1 := Rmax_l (- Rmin 0 (IZR n * l)) (Rmax 0 (IZR n * h))). assert (R2 := Rmax_r (- Rmin 0 (IZR n * l)) (Rmax 0 (IZR n * h))).
      apply Rmax_case; lra. }
    repeat split; try assumption. lra.
  Qed.

  Lemma pool_follows st p p' x y v :
    (1 <= height x)%Z -> (1 <= width x)%Z ->
    IZR (fewest_positions st) <= IZR (height x * width x) ->
    (forall n, most_positions st = Some n -> IZR (height x * width x) <= IZR n) ->
    round_pool st p = Some p' -> tracks p x y -> executed_pool (pool_of (pool st)) y v ->
    follows p' (Networks.pooled (pool_of (pool st)) x) v.
  Proof.
    intros H1 W1 Hfew Hmost Hr (Hh & Hw & Hsp & H) E. unfold follows.
    destruct (positions_count x H1 W1) as [Count Some_]. set (m := IZR (height x * width x)) in *.
    assert (M1 : 1 <= m) by (apply (IZR_le 1); nia).
    unfold executed_pool, values in E. rewrite (same_positions x y Hh Hw) in E.
    assert (Fit : forall k b, nth_error (spans p) k = Some b -> forall q, In q (positions x) ->
              fits (spacing p) b (pixel x k (fst q) (snd q)) (pixel y k (fst q) (snd q))).
    { intros k b Hk [i j] Hq. apply H; [exact Hk|]. now apply in_positions. }
    assert (Good : forall k b, nth_error (spans p) k = Some b ->
              0 <= real (span_error b) /\ 0 <= real (span_size b) /\ real (span_low b) <= real (span_high b)).
    { intros k b Hk. assert (F0 := H k b 0%Z 0%Z Hk ltac:(split; lia)).
      destruct (fits_signs _ _ _ _ F0). destruct (fits_bounds _ _ _ _ F0) as [[A B] _]. lra. }
    unfold round_pool in Hr. destruct (pool st) eqn:Ep; cbn [pool_of Networks.pooled] in *.
    - injection Hr as <-. split; [exact Hsp|]. intros k b Hk. specialize (E k). cbn in E. rewrite E.
      apply (maximum_fits (positions x) (fun q => pixel x k (fst q) (snd q)) (fun q => pixel y k (fst q) (snd q))); [|exact Some_].
      now apply Fit.
    - destruct (most_positions st) as [n|] eqn:En; [|discriminate]. cbn [bind] in Hr. specialize (Hmost n eq_refl).
      assert (Natural : INR (Z.to_nat n) = IZR n) by (rewrite INR_IZR_INZ, Z2Nat.id by (apply le_IZR; lra); reflexivity).
      set (found := map (position_sums (of_Z n)) (spans p)) in *.
      destruct (through_spec _ _ _ _ _ Hr) as (_ & Espans & _).
      split; [exact (through_spacing _ _ _ _ _ Hr Hsp)|]. intros k b Hk. specialize (E k). cbn in E.
      rewrite Espans, nth_error_map in Hk. destruct (nth_error found k) as [s|] eqn:Es; [|discriminate]. injection Hk as <-.
      assert (Hin := nth_error_In _ _ Es). unfold found in Es. rewrite nth_error_map in Es.
      destruct (nth_error (spans p) k) as [b|] eqn:Eb; [|discriminate]. injection Es as <-.
      destruct (Good k b Eb) as (E0 & S0 & LH).
      destruct (position_sums_bounds n b m ltac:(lra) E0 S0 LH) as (Ll & Lh & Le & Ls).
      assert (Rk : real (roundings (position_sums (of_Z n) b)) = INR (Z.to_nat n + 3)).
      { unfold roundings, position_sums. cbn [sum_terms]. rewrite !real_add, real_one, real_of_Z, plus_INR, Natural. cbn [INR]. ring. }
      rewrite sum_map. rewrite <- Count in Ll, Lh, Le, Ls.
      apply (total_fits (positions x) (fun q => pixel x k (fst q) (snd q)) (fun q => pixel y k (fst q) (snd q)) (spacing p) b (Fit k b Eb)
               found (position_sums (of_Z n) b) p' (Z.to_nat n + 3)%nat); try assumption.
      apply INR_le. rewrite Count, plus_INR, Natural. cbn [INR]. lra.
    - destruct (most_positions st) as [n|] eqn:En; [|discriminate]. cbn [bind] in Hr. specialize (Hmost n eq_refl).
      assert (Natural : INR (Z.to_nat n) = IZR n) by (rewrite INR_IZR_INZ, Z2Nat.id by (apply le_IZR; lra); reflexivity).
      set (sp := if (fewest_positions st =? n)%Z then spacing p else None) in *.
      set (found := map (position_sums (of_Z n)) (spans p)) in *.
      assert (Hsp' : spacing_fine sp) by (unfold sp; destruct (_ =? _)%Z; [exact Hsp|intros ? [=]]).
      destruct (through_spec _ _ _ _ _ Hr) as (Hlimits & Espans & _).
      split; [exact (through_spacing _ _ _ _ _ Hr Hsp')|]. intros k b Hk. specialize (E k). cbn in E.
      rewrite Espans, nth_error_map in Hk. destruct (nth_error found k) as [s|] eqn:Es; [|discriminate]. injection Hk as <-.
      assert (Hin := nth_error_In _ _ Es). unfold found in Es. rewrite nth_error_map in Es.
      destruct (nth_error (spans p) k) as [b|] eqn:Eb; [|discriminate]. injection Es as <-.
      destruct (Good k b Eb) as (E0 & S0 & LH).
      destruct (position_sums_bounds n b (IZR n) ltac:(lra) E0 S0 LH) as (Ll & Lh & Le & Ls).
      assert (Rk : real (roundings (position_sums (of_Z n) b)) = INR (Z.to_nat n + 3)).
      { unfold roundings, position_sums. cbn [sum_terms]. rewrite !real_add, real_one, real_of_Z, plus_INR, Natural. cbn [INR]. ring. }
      rewrite sum_map. rewrite map_length in *.
      assert (Fit' : forall q, In q (positions x) -> fits sp b (pixel x k (fst q) (snd q)) (pixel y k (fst q) (snd q))).
      { intros q Hq. unfold sp. destruct (_ =? _)%Z; [now apply Fit|]. eapply fits_none. now apply Fit. }
      destruct (Hlimits _ Hin) as [_ Lim]. rewrite Rk, plus_INR, Natural in Lim. cbn [INR] in Lim.
      apply (mean_fits (positions x) (fun q => pixel x k (fst q) (snd q)) (fun q => pixel y k (fst q) (snd q)) sp b Fit'
               found (of_Z n) (position_sums (of_Z n) b) p' _ (Z.to_nat n + 3)%nat); rewrite ?real_of_Z; try assumption; try lra.
      + intros Ns. unfold sp in Ns. destruct (Z.eqb_spec (fewest_positions st) n) as [Ef|]; [|congruence].
        rewrite Ef in Hfew. lra.
      + assert (L : INR (length (positions x) + 2) <= INR (Z.to_nat n + 3)).
        { rewrite !plus_INR, Count, Natural. cbn [INR]. lra. }
        now apply INR_le.
  Qed.

  (** * Weights *)

  Lemma tap_earlier_trans s t u : tap_earlier s t = true -> tap_earlier t u = true -> tap_earlier s u = true.
  Proof.
    destruct s as [[[k1 i1] j1] w1], t as [[[k2 i2] j2] w2], u as [[[k3 i3] j3] w3]. unfold tap_earlier.
    rewrite !orb_true_iff, !andb_true_iff, !orb_true_iff, !andb_true_iff, !N.ltb_lt, !N.eqb_eq, !Z.ltb_lt, !Z.eqb_eq. lia.
  Qed.

  Lemma sorted_taps t row :
    strictly_sorted tap_earlier (t :: row) = true ->
    (forall s, In s row -> tap_earlier t s = true) /\ strictly_sorted tap_earlier row = true.
  Proof.
    revert t. induction row as [|u row IH]; intros t H; [split; [intros s []|reflexivity]|].
    cbn [strictly_sorted] in H. apply andb_true_iff in H. destruct H as [Ht H]. destruct (IH u H) as [Hu _].
    split; [|exact H]. intros s [<-|Hs]; [exact Ht|]. apply (tap_earlier_trans t u); [exact Ht|now apply Hu].
  Qed.

  (** No two taps share a place, so that every weight is one of them. *)
  Lemma tap_weight_held taps u o c i j :
    0 < real u -> strictly_sorted tap_earlier (nth o taps []) = true ->
    forallb (fun t => float32b u (snd t)) (nth o taps []) = true -> binary32 (tap_weight taps u o c i j).
  Proof.
    intros Hu. rewrite tap_weight_sum.
    set (at_place := fun t => (tap_chan t =? c)%nat && (tap_row t =? i)%Z && (tap_column t =? j)%Z).
    change (strictly_sorted tap_earlier (nth o taps []) = true -> forallb (fun t => float32b u (snd t)) (nth o taps []) = true ->
            binary32 (sum (nth o taps []) (fun t => if at_place t then tap_number t / real u else 0))).
    induction (nth o taps []) as [|t row IH]; intros Hs Hf; cbn [sum]; [exact binary32_0|].
    destruct (sorted_taps t row Hs) as [Ht Hs']. cbn [forallb] in Hf. apply andb_true_iff in Hf. destruct Hf as [Hf Hf'].
    destruct (at_place t) eqn:E; [|rewrite Rplus_0_l; now apply IH].
    rewrite sum_0; [rewrite Rplus_0_r; now apply float32b_spec|]. intros s Hin. destruct (at_place s) eqn:E'; [|reflexivity].
    exfalso. specialize (Ht s Hin). unfold at_place, tap_chan, tap_row, tap_column in E, E'.
    destruct t as [[[k1 i1] j1] w1], s as [[[k2 i2] j2] w2]. cbn [fst snd] in E, E'. unfold tap_earlier in Ht.
    rewrite !andb_true_iff, !Nat.eqb_eq, !Z.eqb_eq in E, E'.
    rewrite !orb_true_iff, !andb_true_iff, !orb_true_iff, !andb_true_iff, !N.ltb_lt, !N.eqb_eq, !Z.ltb_lt, !Z.eqb_eq in Ht. lia.
  Qed.

  Lemma forallb_nth {A} (f : A -> bool) l d k : f d = true -> forallb f l = true -> f (nth k l d) = true.
  Proof.
    intros Hd Hl. rewrite forallb_forall in Hl. destruct (nth_in_or_default k l d) as [H|E]; [now apply Hl|now rewrite E].
  Qed.

  Lemma weights_held inputs d a taps bias u p p' :
    round_layer (SConv inputs d a taps bias u) p = Some p' ->
    (forall o c i j, binary32 (tap_weight taps u o c i j)) /\ forall o, binary32 (real (nth o bias Num.zero) / real u).
  Proof.
    cbn [round_layer]. destruct (positive u && _) eqn:E; [|discriminate]. intros _. apply andb_true_iff in E.
    destruct E as [Hu%positive_real Hf]. cbn [float32_layer] in Hf. apply andb_true_iff in Hf. destruct Hf as [Ht Hb]. split.
    - intros o c i j. assert (H := forallb_nth _ taps [] o eq_refl Ht). cbv beta in H. apply andb_true_iff in H.
      destruct H. now apply tap_weight_held.
    - intros o. apply float32b_spec; [assumption|]. apply forallb_nth; [|assumption]. unfold float32b.
      rewrite Num.eqb_to_Z, Z.eqb_refl. reflexivity.
  Qed.

  Lemma layers_held ls : forall p p', round_layers ls p = Some p' ->
    forall l, In l ls -> exists q q', round_layer l q = Some q'.
  Proof.
    induction ls as [|a ls IH]; intros p p' H l; [intros []|]. cbn [round_layers] in H. apply bind_some in H.
    destruct H as (q & Hq & H). intros [<-|Hl]; [eauto|exact (IH q p' H l Hl)].
  Qed.

  Lemma network_held st q e : error_bound st q = Some e -> held (network_of st).
  Proof.
    unfold error_bound. intros H. apply bind_some in H. destruct H as (p1 & H1 & H). apply bind_some in H.
    destruct H as (p2 & _ & H). apply bind_some in H. destruct H as (p3 & H3 & _). split.
    - cbn [network_of Networks.stem]. intros l Hl. apply in_map_iff in Hl. destruct Hl as (m & <- & Hm).
      destruct (layers_held _ _ _ H1 m Hm) as (r & r' & Hr). destruct m as [inputs d a taps bias u| | |]; try exact I.
      exact (weights_held _ _ _ _ _ _ _ _ Hr).
    - cbn [network_of Networks.head]. intros l Hl. apply in_map_iff in Hl. destruct Hl as (m & <- & Hm).
      destruct (layers_held _ _ _ H3 (as_stem m) (in_map as_stem _ _ Hm)) as (r & r' & Hr).
      destruct m as [inputs taps bias u|]; [|exact I]. cbn [as_stem] in Hr.
      destruct (weights_held _ _ _ _ _ _ _ _ Hr) as [Hw Hb]. split; [|exact Hb]. intros o k. cbn [head_of].
      assert (E : dense_weight taps u o k = tap_weight (map (map (fun t => (fst t, 0%Z, 0%Z, snd t))) taps) u o k 0 0).
      { unfold tap_weight, dense_weight. set (g := fun t : N * number => (fst t, 0%Z, 0%Z, snd t)).
        assert (E : nth o (map (map g) taps) [] = map g (nth o taps [])) by apply (map_nth (map g) taps [] o).
        rewrite E, sum_map. apply sum_ext. intros t _. unfold g. change (0 =? 0)%Z with true. now rewrite !andb_true_r. }
      rewrite E. apply Hw.
  Qed.

  (** * Whole statements *)

  (** The step of the inputs as a real number. *)
  Definition step_value (q : option number) : option R := option_map (fun q => 1 / real q) q.

  Lemma input_tracks st q x :
    statement_fine st -> Tasks.is_image (task_of st) x -> readable (task_of st) (network_of st) (step_value q) x ->
    tracks (round_input st q) (Networks.read_image (reading_of st) x) (Networks.read_image (reading_of st) x).
  Proof.
    intros (Hg & Hdb & _) (_ & _ & Himg) Hread. assert (P := F_pos). split; [reflexivity|]. split; [reflexivity|].
    cbn [round_input spans spacing]. split.
    - intros s Hs. unfold input_step in Hs. apply bind_some in Hs. destruct Hs as (n & -> & Hs).
      destruct (power_of_twob n) eqn:En; [|discriminate]. injection Hs as <-.
      destruct (power_of_twob_spec n En) as (e & He & Ee). exists (256 - e)%Z. split; [lia|].
      apply divided_spacing; [apply to_Z_of_Z|assumption|lia].
    - intros k b i j Hb Hin. change (inside x i j) in Hin.
      assert (Hk : (k < N.to_nat (channels st))%nat).
      { rewrite <- (repeat_length (input_span st) (N.to_nat (channels st))). apply nth_error_Some. congruence. }
      apply nth_error_In, repeat_spec in Hb. subst b.
      assert (Hx := Himg k i j Hk Hin). assert (Hr := Hread k i j Hk Hin). cbv zeta in Hr.
      cbn [task_of Tasks.darkest Tasks.brightest network_of Networks.input] in Hx, Hr.
      cbn [Networks.read_image pixel]. destruct Hr as [Hv Hm].
      set (v := Networks.read (reading_of st) (pixel x k i j)) in *.
      split; [|split; [|split; [exact Hv|]]].
      + unfold v, Networks.read, reading_of, input_span. unfold end_value in *.
        destruct (bytes st); cbn [span_low span_high Networks.scale Networks.origin Networks.pixels].
        * rewrite real_zero, real_mul, real_of_Z.
          set (lo := real (dark st) / real (grid st)) in *. set (hi := real (bright st) / real (grid st)) in *.
          assert (Hlh : 0 < hi - lo).
          { unfold lo, hi, Rdiv. rewrite <- Rmult_minus_distr_r. apply Rmult_lt_0_compat; [lra|]. now apply Rinv_0_lt_compat. }
          split.
          -- unfold Rdiv. rewrite Rmult_0_l. apply Rmult_le_pos; [|lra].
             apply Rmult_le_pos; [lra|]. left. now apply Rinv_0_lt_compat.
          -- replace (255 * F / F) with (255 / (hi - lo) * (hi - lo)) by (field; lra).
             apply Rmult_le_compat_l; [|lra]. unfold Rdiv. apply Rmult_le_pos; [lra|]. left. now apply Rinv_0_lt_compat.
        * replace (1 * (pixel x k i j - 0)) with (pixel x k i j) by ring. split.
          -- eapply Rle_trans; [|apply Hx]. apply quotient_le_of; [assumption|].
             eapply Rle_trans; [now apply div_le|]. rewrite real_mul. right. field. lra.
          -- eapply Rle_trans; [apply Hx|]. apply le_quotient; [assumption|].
             eapply Rle_trans; [|now apply div_up_ge]. rewrite real_mul. right. field. lra.
      + rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. unfold input_span. destruct (bytes st); cbn [span_error];
          rewrite real_zero; unfold Rdiv; lra.
      + intros s Hs. split; [reflexivity|]. unfold input_step in Hs. apply bind_some in Hs. destruct Hs as (n & -> & Hs).
        destruct (power_of_twob n) eqn:En; [|discriminate]. injection Hs as <-.
        destruct (power_of_twob_spec n En) as (e & He & Ee). cbn [step_value option_map] in Hm.
        rewrite (real_power _ (256 - e)) by first [lia|apply divided_spacing; [apply to_Z_of_Z|assumption|lia]].
        rewrite (real_power n e (proj1 He) Ee) in Hm. rewrite F_power.
        replace (power (256 - e) / power 256) with (1 / power e); [exact Hm|].
        unfold Z.sub. rewrite power_plus, power_opp. assert (P1 := power_pos e). assert (P2 := power_pos 256). field. lra.
  Qed.

  Lemma largest_error l : forall b, In b l -> real (span_error b) <= real (fold_right (fun b e => largest (span_error b) e) Num.zero l).
  Proof.
    induction l as [|a l IH]; intros b; [intros []|]. cbn [fold_right]. rewrite real_largest. intros [<-|Hb].
    - apply Rmax_l.
    - eapply Rle_trans; [now apply IH|apply Rmax_r].
  Qed.

  (** The bound is one. *)
  Theorem error_bound_sound st q e cert x v z :
    check_instance (with_margin st (demanded st e)) cert = true -> error_bound st q = Some e ->
    Tasks.is_image (task_of st) x -> in_sizes st (height x) (width x) ->
    readable (task_of st) (network_of st) (step_value q) x -> executed (network_of st) x v ->
    (z < length (classes st))%nat -> Rabs (v z - Networks.logit (network_of st) x z) <= real e / F.
  Proof.
    intros Haccepted He Himg Hsize Hread (a & w & Ea & Ew & Ev) Hz. set (st' := with_margin st (demanded st e)) in *.
    assert (P := F_pos). destruct (statement_parts st' cert Haccepted) as (Hfine & Hhead & _).
    assert (Hfine' : statement_fine st) by exact Hfine. assert (Hfine2 := Hfine'). destruct Hfine2 as (_ & _ & Hstem & _).
    unfold error_bound in He. apply bind_some in He. destruct He as (p1 & H1 & He). apply bind_some in He.
    destruct He as (p2 & H2 & He). apply bind_some in He. destruct He as (p3 & H3 & He).
    destruct (Nat.eqb_spec (length (spans p3)) (length (classes st))) as [Hlen|]; [|discriminate]. injection He as <-.
    assert (T0 := input_tracks st q x Hfine' Himg Hread).
    assert (Hdef : Networks.defined (network_of st) x) by exact (network_defined st' cert Haccepted x Hsize).
    assert (T1 := layers_follow (stem st) _ _ _ _ _ Hstem H1 Hdef T0 Ea).
    fold (Networks.stem_output (network_of st) x) in T1.
    destruct (out_nonempty st' cert Haccepted x Hsize) as [O1 O2].
    assert (T2 : follows p2 (Networks.pooled (pool_of (pool st)) (Networks.stem_output (network_of st) x)) w).
    { apply (pool_follows st p1 p2 (Networks.stem_output (network_of st) x) a w); try assumption.
      - exact (out_fewest st' cert Haccepted x Hsize).
      - exact (out_most st' cert Haccepted x Hsize). }
    destruct (heads_follow (head st) p2 p3 _ w v Hhead H3 T2 Ev) as [_ T3].
    rewrite <- Hlen in Hz. apply nth_error_Some in Hz. destruct (nth_error (spans p3) z) as [b|] eqn:Eb; [|congruence].
    destruct (T3 z b Eb) as (_ & Hb & _). eapply Rle_trans; [exact Hb|]. unfold Rdiv.
    apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|]. apply largest_error. exact (nth_error_In _ _ Eb).
  Qed.

  (** An accepted certificate of a margin of float32 execution proves it: on the admissible images of the statement's
      sizes whose numbers are of binary32, and integer multiples of the step if there is one, the label's computed logit
      leads all others by the margin, in every execution. *)
  Theorem check_float_sound st q cert :
    check_float st q cert = true ->
    float_zero_error (task_of st) (network_of st) (in_sizes st) (ratio_value (margin st)) (step_value q).
  Proof.
    unfold check_float, exact_statement. destruct (error_bound st q) as [e|] eqn:He; [|discriminate].
    cbn [option_map]. intros H. assert (P := F_pos).
    assert (Hm : ratio_value (demanded st e) = ratio_value (margin st) + 2 * (real e / F)).
    { destruct (statement_parts _ cert H) as (_ & _ & Hu & _). cbn [with_margin margin demanded under] in Hu.
      rewrite real_mul in Hu. unfold ratio_value, demanded. cbn [over under].
      rewrite real_add, !real_mul, real_add. field. split; [lra|]. intros E. rewrite E in Hu. lra. }
    apply (float_zero_error_of_exact _ _ _ _ _ (real e / F)).
    - exact (network_held st q e He).
    - rewrite <- Hm. exact (check_instance_sound (with_margin st (demanded st e)) cert H).
    - intros x v z Himg Hsize _ Hread Hv Hz. apply (error_bound_sound st q e cert x v z H He Himg Hsize Hread Hv).
      cbn [task_of Tasks.classes] in Hz. exact Hz.
  Qed.

  (** With witnesses: there is an admissible image of each label. *)
  Theorem check_float_certificate_sound st q cert l :
    check_float_certificate st q cert l = true ->
    float_zero_error (task_of st) (network_of st) (in_sizes st) (ratio_value (margin st)) (step_value q) /\
    forall y, (y < length (classes st))%nat ->
      exists x, in_sizes st (height x) (width x) /\ Tasks.admissible (task_of st) x /\ Tasks.labelled (task_of st) x y.
  Proof.
    intros H. split.
    - apply (check_float_sound st q cert). unfold check_float, check_float_certificate in *.
      destruct (exact_statement st q) as [exact_st|]; [|discriminate]. unfold check_certificate in H.
      now apply andb_true_iff in H.
    - unfold check_float_certificate, exact_statement in H. destruct (error_bound st q) as [e|]; [|discriminate].
      cbn [option_map] in H. exact (proj2 (check_certificate_sound (with_margin st (demanded st e)) cert l H)).
  Qed.
End Roundings.
