(** The bounds of [Rounding.v] for one layer of the stem after another (THEOREM.md, section 7). *)

From Coq Require Import Reals ZArith NArith Znumtheory List Lra Lia Bool.
From ExactCNN Require Import Sums Images Numbers Checker Instance Evaluation Rounding Soundness Quotients Locals.
From ExactCNN Require Import HeadSequents Certificates Witnesses Binary32 ComputedSums ComputedMeans Executions Closeness RoundedLayers.
From ExactCNN Require Axis Tasks Networks.
Import ListNotations.
Open Scope R_scope.

Module RoundedStems (Num : SpecifiedNumbers).
  Module Export Single := RoundedLayers Num.

  (** * One layer after another *)

  Lemma nth_error_combine {A B} (l : list A) : forall (m : list B) k a b,
    nth_error (List.combine l m) k = Some (a, b) -> nth_error l k = Some a /\ nth_error m k = Some b.
  Proof.
    induction l as [|a' l IH]; intros [|b' m] [|k] a b; cbn [List.combine nth_error]; try discriminate.
    - intros [= -> ->]. auto.
    - apply IH.
  Qed.

  Lemma nth_error_mapped {A B} (f : A -> B) l k b :
    nth_error (map f l) k = Some b -> exists a, nth_error l k = Some a /\ f a = b.
  Proof.
    rewrite nth_error_map. destruct (nth_error l k) as [a|]; [|discriminate]. intros [= <-]. eauto.
  Qed.

  Lemma tap_weight_sum taps u o c i j :
    tap_weight taps u o c i j
    = sum (nth o taps []) (fun t => if (tap_chan t =? c)%nat && (tap_row t =? i)%Z && (tap_column t =? j)%Z
                                    then tap_number t / real u else 0).
  Proof. unfold tap_weight. apply sum_ext. intros [[[k r] s] w] _. reflexivity. Qed.

  (** The rows of a layer and their sums. *)
  Lemma conv_rows l taps bias found k s :
    all (map (fun rb => row_sums l (snd rb) (map tap_channel (fst rb))) (List.combine taps bias)) = Some found ->
    nth_error found k = Some s ->
    exists c, nth_error bias k = Some c /\ In s found /\ row_sums l c (map tap_channel (nth k taps [])) = Some s.
  Proof.
    intros H%all_spec Hs. assert (Hk : nth_error (map Some found) k = Some (Some s)) by now rewrite nth_error_map, Hs.
    rewrite <- H in Hk. apply nth_error_mapped in Hk. destruct Hk as ([row c] & Hrc & E). cbn [fst snd] in E.
    apply nth_error_combine in Hrc. destruct Hrc as [Hr Hc]. exists c. split; [assumption|].
    split; [exact (nth_error_In _ _ Hs)|]. now rewrite (nth_error_nth _ _ _ Hr).
  Qed.

  Lemma round_conv inputs d a taps bias u p p' :
    round_layer (SConv inputs d a taps bias u) p = Some p' ->
    0 < real u /\ forallb (float32b u) bias = true /\
    exists found,
      all (map (fun rb => row_sums (padded_spans d a (spans p)) (snd rb) (map tap_channel (fst rb)))
               (List.combine taps bias)) = Some found /\ through_sums u false (spacing p) found = Some p'.
  Proof.
    cbn [round_layer]. destruct (positive u && _) eqn:E; [|discriminate]. apply andb_true_iff in E.
    destruct E as [Hu%positive_real Hf]. cbn [float32_layer] in Hf. apply andb_true_iff in Hf.
    destruct Hf as [_ Hf]. intros H. apply bind_some in H. destruct H as (found & H1 & H2). eauto.
  Qed.

  Lemma conv_follows inputs d a taps bias u p p' x y z :
    layer_fine (SConv inputs d a taps bias u) -> round_layer (SConv inputs d a taps bias u) p = Some p' ->
    (1 <= height x)%Z -> (1 <= width x)%Z -> tracks p x y ->
    executed_layer (layer_of (SConv inputs d a taps bias u)) y z ->
    tracks p' (Networks.apply (layer_of (SConv inputs d a taps bias u)) x) z.
  Proof.
    intros (Hd & Ha & Htaps) Hp Hx1 Hx2 T (Ez1 & Ez2 & Ez). assert (T' := T). destruct T' as (Hh & Hw & Hsp & Hf).
    apply Forall_inv in Hd, Ha. destruct (round_conv _ _ _ _ _ _ _ _ Hp) as (Hu & Hbias & found & Hfound & Hthrough).
    assert (S1 : height z = height (Networks.apply (layer_of (SConv inputs d a taps bias u)) x)).
    { rewrite Ez1. cbn [layer_of Networks.apply]. unfold Networks.convolution, Networks.slide. cbn [height]. now rewrite Hh. }
    assert (S2 : width z = width (Networks.apply (layer_of (SConv inputs d a taps bias u)) x)).
    { rewrite Ez2. cbn [layer_of Networks.apply]. unfold Networks.convolution, Networks.slide. cbn [width]. now rewrite Hw. }
    split; [exact S1|]. split; [exact S2|]. split; [exact (through_spacing _ _ _ _ _ Hthrough Hsp)|].
    intros k b i j Hb Hin. assert (Hz := Ez k i j). unfold inside in Hz. rewrite S1, S2 in Hz. specialize (Hz Hin).
    destruct (through_spec _ _ _ _ _ Hthrough) as (_ & Espans & _). rewrite Espans in Hb.
    apply nth_error_mapped in Hb. destruct Hb as (s & Hs & <-).
    destruct (conv_rows _ _ _ _ _ _ Hfound Hs) as (c & Hc & Hins & Hsums).
    cbn [layer_of] in Hz, Hin |- *. unfold computed in Hz. cbn [Networks.apply] in Hin |- *. unfold Networks.convolution in Hin |- *.
    cbn [Networks.slide pixel]. rewrite (nth_error_nth _ _ Num.zero Hc) in Hz |- *.
    set (R0 := (i * Networks.down (geometry_of d a) - Networks.top (geometry_of d a))%Z) in *.
    set (C0 := (j * Networks.right (geometry_of d a) - Networks.left (geometry_of d a))%Z) in *.
    set (row := nth k taps []) in *.
    assert (Places : forall t, In t row -> Images.place (N.to_nat inputs) (Networks.kernel_rows (geometry_of d a))
                      (Networks.kernel_columns (geometry_of d a)) (tap_chan t) (tap_row t) (tap_column t)).
    { intros [[[k' r] s'] w] Ht. destruct (Htaps k k' r s' w Ht) as (G1 & G2 & G3).
      unfold Images.place, tap_chan, tap_row, tap_column. cbn [fst snd geometry_of Networks.kernel_rows Networks.kernel_columns]. lia. }
    assert (Taps : forall f, patch_sum (N.to_nat inputs) (Networks.kernel_rows (geometry_of d a)) (Networks.kernel_columns (geometry_of d a))
                    (fun c i j => tap_weight taps u k c i j * f c i j)
                  = sum row (fun t => tap_number t / real u * f (tap_chan t) (tap_row t) (tap_column t))).
    { intros f. exact (Closeness.convolution_taps (N.to_nat inputs) (geometry_of d a) row tap_chan tap_row tap_column
        (fun t => tap_number t / real u) (tap_weight taps u k) (tap_weight_sum taps u k) Places f). }
    rewrite (Taps (fun c r s => padded x c (R0 + r)%Z (C0 + s)%Z)).
    apply (row_fits (spacing p) (padded_spans d a (spans p)) u c row s found p'
             (fun c r s => padded x c (R0 + r)%Z (C0 + s)%Z) (fun c r s => padded y c (R0 + r)%Z (C0 + s)%Z)); try assumption.
    - rewrite forallb_forall in Hbias. exact (Hbias c (nth_error_In _ _ Hc)).
    - intros t c' Ht Hc'. apply (padded_tracks d a p x y (tap_chan t) c'); try assumption. intros Hpad.
      destruct Hd as (K1 & G1 & B1 & A1), Ha as (K2 & G2 & B2 & A2). unfold is_padded in Hpad. apply Z.ltb_ge in Hpad.
      destruct (Places t Ht) as (_ & P1 & P2).
      apply (Closeness.window_inside (geometry_of d a) x (fun _ _ _ => 0) i j (tap_row t) (tap_column t)); cbn [geometry_of Networks.top
        Networks.left Networks.bottom Networks.ending Networks.down Networks.right]; first [lia|exact Hin|assumption].
    - intros n Hbn HM Hn Hn'.
      exact (convolution_summed (N.to_nat inputs) (geometry_of d a) row tap_chan tap_row tap_column
        (fun t => tap_number t / real u) (tap_weight taps u k) (tap_weight_sum taps u k) Places y R0 C0 _ _ Hz n Hbn HM Hn Hn').
    - intros e q He Hq Hbe Heq HM.
      exact (convolution_exact (N.to_nat inputs) (geometry_of d a) row tap_chan tap_row tap_column
        (fun t => tap_number t / real u) (tap_weight taps u k) (tap_weight_sum taps u k) Places y R0 C0 _ _ Hz e q He Hq Hbe Heq HM).
  Qed.

  Lemma fits_signs sp b x y : fits sp b x y -> 0 <= real (span_error b) /\ 0 <= real (span_size b).
  Proof.
    intros H. assert (P := F_pos). split.
    - eapply Rle_trans; [|exact (proj2 (fits_bounds _ _ _ _ H))]. apply Rmult_le_pos; [lra|apply Rabs_pos].
    - eapply Rle_trans; [|exact (fits_size _ _ _ _ H)]. apply Rmult_le_pos; [lra|apply Rabs_pos].
  Qed.

  Lemma existing_same g x y r s :
    height y = height x -> width y = width x -> Networks.existing g y r s = Networks.existing g x r s.
  Proof.
    intros Hh Hw. unfold Networks.existing. apply filter_ext. intros p. unfold insideb. now rewrite Hh, Hw.
  Qed.

  (** A window with less padding than its size sees something. *)
  Lemma seen_along (n k t b e i : Z) :
    (1 <= n)%Z -> (1 <= k)%Z -> (1 <= t)%Z -> (0 <= b < k)%Z -> (0 <= e < k)%Z ->
    (0 <= i < Networks.extent n k t b e)%Z -> exists r, (0 <= r < k)%Z /\ (0 <= i * t - b + r < n)%Z.
  Proof.
    intros Hn Hk Ht Hb He Hi. unfold Networks.extent in Hi.
    assert (D := Z.mul_div_le (n + b + e - k) t ltac:(lia)).
    assert (i * t <= t * ((n + b + e - k) / t))%Z by (rewrite Z.mul_comm; apply Z.mul_le_mono_nonneg_l; lia).
    assert (0 <= i * t)%Z by (apply Z.mul_nonneg_nonneg; lia).
    exists (Z.max 0 (b - i * t)). lia.
  Qed.

  Lemma maxpool_sees d a x value i j :
    Axis.level_ok d -> Axis.level_ok a -> padding_below_window d = true -> padding_below_window a = true ->
    (1 <= height x)%Z -> (1 <= width x)%Z -> inside (Networks.slide (geometry_of d a) x value) i j ->
    Networks.existing (geometry_of d a) x (i * Axis.stride d - Axis.before d) (j * Axis.stride a - Axis.before a) <> [].
  Proof.
    intros (K1 & G1 & B1 & A1) (K2 & G2 & B2 & A2) P1 P2 Hh Hw [Hi Hj] E.
    unfold padding_below_window in P1, P2. rewrite andb_true_iff, !Z.ltb_lt in P1, P2.
    cbn [Networks.slide height width geometry_of Networks.kernel_rows Networks.kernel_columns Networks.down Networks.right
         Networks.top Networks.left Networks.bottom Networks.ending] in Hi, Hj.
    destruct (seen_along _ _ _ _ _ i Hh K1 G1 (conj B1 (proj1 P1)) (conj A1 (proj2 P1)) Hi) as (r & Hr & Hr').
    destruct (seen_along _ _ _ _ _ j Hw K2 G2 (conj B2 (proj1 P2)) (conj A2 (proj2 P2)) Hj) as (s & Hs & Hs').
    assert (Hin : In ((i * Axis.stride d - Axis.before d + r)%Z, (j * Axis.stride a - Axis.before a + s)%Z) []).
    { rewrite <- E. unfold Networks.existing. apply filter_In. split.
      - apply in_map_iff. exists (r, s). split; [reflexivity|]. apply in_prod; now apply in_ints.
      - cbn [fst snd]. destruct (insideb_spec x (i * Axis.stride d - Axis.before d + r) (j * Axis.stride a - Axis.before a + s));
          [reflexivity|]. destruct n. unfold inside. lia. }
    destruct Hin.
  Qed.

  (** Layers do not change how the sizes of both images compare. *)
  Lemma sizes_follow l x y z :
    height y = height x -> width y = width x -> executed_layer l y z ->
    height z = height (Networks.apply l x) /\ width z = width (Networks.apply l x).
  Proof.
    intros Hh Hw (Ez1 & Ez2 & _). rewrite Ez1, Ez2.
    destruct l as [inputs g weight bias| |g|g]; cbn [Networks.apply]; unfold Networks.convolution, Networks.slide;
      cbn [height width]; rewrite Hh, Hw; split; reflexivity.
  Qed.

  Lemma relu_follows p x y z :
    tracks p x y -> executed_layer Networks.Relu y z ->
    tracks (Progress (map relu_span (spans p)) (spacing p)) (Networks.apply Networks.Relu x) z.
  Proof.
    intros (Hh & Hw & Hsp & Hf) E. destruct (sizes_follow _ _ _ _ Hh Hw E) as [S1 S2]. destruct E as (_ & _ & E).
    split; [exact S1|]. split; [exact S2|]. split; [exact Hsp|]. cbn [spans spacing Networks.apply pixel].
    intros k b i j Hb Hin. apply nth_error_mapped in Hb. destruct Hb as (b' & Hb & <-).
    assert (Hz := E k i j). unfold inside in Hz. rewrite S1, S2 in Hz. specialize (Hz Hin). cbn [computed] in Hz.
    rewrite Hz. apply relu_fits. now apply Hf.
  Qed.

  Lemma maxpool_follows d a p x y z :
    Axis.level_ok d -> Axis.level_ok a -> padding_below_window d = true -> padding_below_window a = true ->
    (1 <= height x)%Z -> (1 <= width x)%Z -> tracks p x y -> executed_layer (Networks.MaxPool (geometry_of d a)) y z ->
    tracks p (Networks.apply (Networks.MaxPool (geometry_of d a)) x) z.
  Proof.
    intros Hd Ha P1 P2 Hx1 Hx2 (Hh & Hw & Hsp & Hf) E. destruct (sizes_follow _ _ _ _ Hh Hw E) as [S1 S2].
    destruct E as (_ & _ & E). split; [exact S1|]. split; [exact S2|]. split; [exact Hsp|].
    intros k b i j Hb Hin. assert (Hz := E k i j). unfold inside in Hz. rewrite S1, S2 in Hz. specialize (Hz Hin).
    cbn [computed] in Hz. rewrite Hz. unfold values. rewrite (existing_same _ x y) by assumption.
    cbn [Networks.apply Networks.slide pixel].
    apply (maximum_fits _ (fun p => pixel x k (fst p) (snd p)) (fun p => pixel y k (fst p) (snd p))).
    - intros q Hq. apply Hf; [assumption|]. exact (existing_inside _ _ _ _ _ Hq).
    - exact (maxpool_sees d a x _ i j Hd Ha P1 P2 Hx1 Hx2 Hin).
  Qed.

  Lemma all_existing d a x value i j :
    Axis.level_ok d -> Axis.level_ok a -> is_padded d a = false ->
    inside (Networks.slide (geometry_of d a) x value) i j ->
    INR (length (Networks.existing (geometry_of d a) x (i * Axis.stride d - Axis.before d) (j * Axis.stride a - Axis.before a)))
      = IZR (Axis.kernel d * Axis.kernel a).
  Proof.
    intros (K1 & G1 & B1 & A1) (K2 & G2 & B2 & A2) Hpad Hin. unfold is_padded in Hpad. apply Z.ltb_ge in Hpad.
    unfold Networks.existing. cbn [geometry_of Networks.kernel_rows Networks.kernel_columns].
    assert (All : forall (q : Z * Z -> bool) l, (forall e, In e l -> q e = true) -> filter q l = l).
    { intros q l H. induction l as [|e l IH]; [reflexivity|]. cbn [filter]. rewrite (H e) by now left.
      f_equal. apply IH. intros e' He'. apply H. now right. }
    rewrite All.
    - rewrite map_length, prod_length, mult_INR, !ints_length, <- mult_IZR by lia. reflexivity.
    - intros e He. apply in_map_iff in He. destruct He as ([r s] & <- & Hrs). apply in_prod_iff in Hrs.
      rewrite !in_ints in Hrs. cbn [fst snd]. match goal with |- insideb x ?a ?b = true => destruct (insideb_spec x a b) as [|N] end;
        [reflexivity|]. destruct N.
      apply (Closeness.window_inside (geometry_of d a) x (fun _ _ _ => 0) i j r s); cbn [geometry_of Networks.top
        Networks.left Networks.bottom Networks.ending Networks.down Networks.right Networks.kernel_rows Networks.kernel_columns];
        first [lia|exact Hin].
  Qed.

  Lemma avgpool_follows d a p p' x y z :
    Axis.level_ok d -> Axis.level_ok a -> round_layer (SAvgPool d a) p = Some p' ->
    (1 <= height x)%Z -> (1 <= width x)%Z -> tracks p x y -> executed_layer (Networks.AvgPool (geometry_of d a)) y z ->
    tracks p' (Networks.apply (Networks.AvgPool (geometry_of d a)) x) z.
  Proof.
    intros Hd Ha Hp Hx1 Hx2 (Hh & Hw & Hsp & Hf) E. destruct (sizes_follow _ _ _ _ Hh Hw E) as [S1 S2].
    destruct E as (_ & _ & E). cbn [round_layer] in Hp. cbv zeta in Hp. set (u := cells_number d a) in *.
    assert (Ru : real u = IZR (Axis.kernel d * Axis.kernel a)) by apply real_of_Z.
    split; [exact S1|]. split; [exact S2|]. split; [exact (through_spacing _ _ _ _ _ Hp Hsp)|].
    intros k b i j Hb Hin. assert (Hz := E k i j). unfold inside in Hz. rewrite S1, S2 in Hz. specialize (Hz Hin).
    cbn [computed geometry_of Networks.kernel_rows Networks.kernel_columns Networks.down Networks.right Networks.top
         Networks.left] in Hz. unfold values in Hz.
    rewrite (existing_same _ x y) in Hz by assumption.
    destruct (through_spec _ _ _ _ _ Hp) as (Limits & Espans & _). rewrite Espans in Hb.
    apply nth_error_mapped in Hb. destruct Hb as (s & Hs & <-). assert (Hins := nth_error_In _ _ Hs).
    apply nth_error_mapped in Hs. destruct Hs as (c & Hc & <-).
    set (places := Networks.existing (geometry_of d a) x (i * Axis.stride d - Axis.before d) (j * Axis.stride a - Axis.before a)) in *.
    change (pixel (Networks.apply (Networks.AvgPool (geometry_of d a)) x) k i j)
      with (sum places (fun q => pixel x k (fst q) (snd q)) / IZR (Axis.kernel d * Axis.kernel a)).
    assert (D := Hd). destruct D as (K1 & G1 & B1 & A1). assert (A := Ha). destruct A as (K2 & G2 & B2 & A2).
    assert (KK : (1 <= Axis.kernel d * Axis.kernel a)%Z) by nia.
    assert (Fit : forall q, In q places -> fits (spacing p) c (pixel x k (fst q) (snd q)) (pixel y k (fst q) (snd q))).
    { intros q Hq. assert (Hi := existing_inside _ _ _ _ _ Hq).
      assert (Hq' := padded_tracks d a p x y k c (fst q) (snd q) (conj Hh (conj Hw (conj Hsp Hf))) Hc (fun _ => Hi) Hx1 Hx2).
      rewrite !padded_inside in Hq'; [exact Hq'|unfold inside in *; now rewrite Hh, Hw|exact Hi]. }
    assert (One : fits (spacing p) c (padded x k 0 0) (padded y k 0 0)).
    { apply (padded_tracks d a p x y k c 0 0 (conj Hh (conj Hw (conj Hsp Hf))) Hc); try assumption.
      intros _. unfold inside. lia. }
    destruct (fits_signs _ _ _ _ One) as [E0 S0].
    assert (Er : real (roundings (cell_sums u c)) = INR (Z.to_nat (Axis.kernel d * Axis.kernel a) + 2)).
    { unfold roundings. cbn [cell_sums sum_terms]. rewrite !real_add, real_one, Ru, plus_INR, INR_IZR_INZ, Z2Nat.id by lia.
      cbn [INR]. ring. }
    assert (Hlen : (length places <= Z.to_nat (Axis.kernel d * Axis.kernel a))%nat).
    { apply existing_length; cbn [geometry_of Networks.kernel_rows Networks.kernel_columns]; lia. }
    destruct (Limits _ Hins) as [_ Hk]. rewrite Er, plus_INR, INR_IZR_INZ, Z2Nat.id in Hk by lia. cbn [INR] in Hk.
    apply (mean_fits places (fun q => pixel x k (fst q) (snd q)) (fun q => pixel y k (fst q) (snd q)) (spacing p) c Fit
             _ u (cell_sums u c) p' _ (Z.to_nat (Axis.kernel d * Axis.kernel a) + 2)); try assumption.
    - apply IZR_le. lia.
    - lra.
    - rewrite Ru. lra.
    - intros _. now rewrite Ru.
    - eapply Rle_trans; [apply le_INR, Hlen|]. rewrite INR_IZR_INZ, Z2Nat.id by lia. lra.
    - destruct (is_padded d a) eqn:Ep.
      + right. unfold padded_spans in Hc. rewrite Ep in Hc. apply nth_error_mapped in Hc. destruct Hc as (c' & _ & <-).
        cbn [with_zero span_low span_high]. rewrite real_lesser, real_largest, real_zero.
        split; [apply Rmin_l|apply Rmax_l].
      + left. exact (all_existing d a x _ i j Hd Ha Ep Hin).
    - cbn [cell_sums sum_low]. rewrite real_mul. lra.
    - cbn [cell_sums sum_high]. rewrite real_mul. lra.
    - cbn [cell_sums sum_error]. rewrite real_mul. lra.
    - cbn [cell_sums sum_size]. rewrite real_mul. lra.
    - lia.
  Qed.

  Lemma layer_follows l p p' x y z :
    layer_fine l -> round_layer l p = Some p' -> (1 <= height x)%Z -> (1 <= width x)%Z -> tracks p x y ->
    executed_layer (layer_of l) y z -> tracks p' (Networks.apply (layer_of l) x) z.
  Proof.
    intros Hl Hp Hx1 Hx2 T E. assert (L := Hl). destruct L as (Hd & Ha & _).
    destruct l as [inputs d a taps bias u| |d a|d a].
    - exact (conv_follows inputs d a taps bias u p p' x y z Hl Hp Hx1 Hx2 T E).
    - injection Hp as <-. now apply (relu_follows p x y z).
    - apply Forall_inv in Hd, Ha. cbn [round_layer] in Hp. destruct (_ && _) eqn:Ep; [|discriminate]. injection Hp as <-.
      apply andb_true_iff in Ep. destruct Ep. now apply (maxpool_follows d a p x y z).
    - apply Forall_inv in Hd, Ha. now apply (avgpool_follows d a p p' x y z).
  Qed.

  Lemma layers_follow ls : forall p p' x y z,
    Forall layer_fine ls -> round_layers ls p = Some p' ->
    (forall b, In b (Networks.activations (map layer_of ls) x) -> (1 <= height b)%Z /\ (1 <= width b)%Z) ->
    tracks p x y -> executed_layers (map layer_of ls) y z ->
    tracks p' (fold_left (fun x l => Networks.apply l x) (map layer_of ls) x) z.
  Proof.
    induction ls as [|l ls IH]; intros p p' x y z Hl Hp Hd T E.
    - injection Hp as <-. cbn in E. subst z. exact T.
    - cbn [round_layers] in Hp. apply bind_some in Hp. destruct Hp as (q & Hq & Hp).
      cbn [map executed_layers fold_left Networks.activations] in *. destruct E as (w & Ew & E).
      inversion_clear Hl as [|? ? Hl1 Hl2]. destruct (Hd x (or_introl eq_refl)) as [D1 D2].
      apply (IH q p' _ w z Hl2 Hp); [intros b Hb; apply Hd; now right| |exact E].
      now apply (layer_follows l p q x y w).
  Qed.
End RoundedStems.
