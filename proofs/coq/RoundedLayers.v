(** The bounds of [Rounding.v] for one output of a convolution or a dense layer, and for maxima, ReLUs, means and sums of
    positions (THEOREM.md, section 7). *)

From Coq Require Import Reals ZArith NArith Znumtheory List Lra Lia Bool.
From ExactCNN Require Import Sums Images Numbers Checker Instance Evaluation Rounding Soundness Quotients Locals.
From ExactCNN Require Import HeadSequents Certificates Witnesses Binary32 ComputedSums ComputedMeans Executions Closeness RoundedSums.
From ExactCNN Require Axis Tasks Networks.
Import ListNotations.
Open Scope R_scope.

Module RoundedLayers (Num : SpecifiedNumbers).
  Module Export Summed := RoundedSums Num.

  (** * Layers *)

  (** What is known of the images before and after some layers: the exact one and the computed one. *)
  Definition tracks (p : progress) (x y : image) : Prop :=
    height y = height x /\ width y = width x /\ spacing_fine (spacing p) /\
    forall k b i j, nth_error (spans p) k = Some b -> inside x i j ->
      fits (spacing p) b (pixel x k i j) (pixel y k i j).

  Lemma fits_with_zero sp b x y : fits sp b x y -> fits sp (with_zero b) x y.
  Proof.
    intros ([Hl Hh] & H). split; [|exact H]. assert (P := F_pos). unfold with_zero. cbn [span_low span_high].
    rewrite real_lesser, real_largest, real_zero. split.
    - eapply Rle_trans; [|exact Hl]. unfold Rdiv. apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|]. apply Rmin_r.
    - eapply Rle_trans; [exact Hh|]. unfold Rdiv. apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|]. apply Rmax_r.
  Qed.

  Lemma fits_zero sp b x y : fits sp b x y -> fits sp (with_zero b) 0 0.
  Proof.
    intros (_ & He & _ & _). assert (P := F_pos). assert (PI := Rinv_0_lt_compat _ P).
    split; [|split; [|split; [exact binary32_0|]]].
    - unfold with_zero. cbn [span_low span_high]. rewrite real_lesser, real_largest, real_zero. unfold Rdiv.
      split.
      + assert (M := Rmult_le_compat_r (/ F) _ _ (Rlt_le _ _ PI) (Rmin_l 0 (real (span_low b)))). lra.
      + assert (M := Rmult_le_compat_r (/ F) _ _ (Rlt_le _ _ PI) (Rmax_l 0 (real (span_high b)))). lra.
    - cbn [with_zero span_error]. rewrite Rminus_0_r, Rabs_R0. assert (A := Rabs_pos (y - x)). lra.
    - intros s _. split; [reflexivity|]. apply multiple_0.
  Qed.

  Lemma padded_inside x c i j : inside x i j -> padded x c i j = pixel x c i j.
  Proof. intros H. unfold padded. destruct (insideb_spec x i j); tauto. Qed.

  Lemma padded_outside x c i j : ~ inside x i j -> padded x c i j = 0.
  Proof. intros H. unfold padded. destruct (insideb_spec x i j); tauto. Qed.

  (** A channel without places says nothing, so that one with them is asked for. *)
  Lemma padded_tracks d a p x y k b i j :
    tracks p x y -> nth_error (padded_spans d a (spans p)) k = Some b ->
    (is_padded d a = false -> inside x i j) -> (1 <= height x)%Z -> (1 <= width x)%Z ->
    fits (spacing p) b (padded x k i j) (padded y k i j).
  Proof.
    intros (Hh & Hw & _ & Hf) Hb Hin Hx1 Hx2. unfold padded_spans in Hb.
    assert (Same : inside y i j <-> inside x i j) by (unfold inside; rewrite Hh, Hw; tauto).
    destruct (is_padded d a).
    - rewrite nth_error_map in Hb. destruct (nth_error (spans p) k) as [b'|] eqn:Eb; [|discriminate].
      injection Hb as <-. destruct (insideb_spec x i j) as [Hi|Ho].
      + rewrite !padded_inside by tauto. apply fits_with_zero. now apply Hf.
      + rewrite !padded_outside by tauto. apply (fits_zero _ b' (pixel x k 0 0) (pixel y k 0 0)).
        apply Hf; [assumption|]. unfold inside. lia.
    - rewrite !padded_inside by tauto. apply Hf; tauto.
  Qed.


  Definition tap_chan (t : N * Z * Z * number) : nat := N.to_nat (fst (fst (fst t))).
  Definition tap_row (t : N * Z * Z * number) : Z := snd (fst (fst t)).
  Definition tap_column (t : N * Z * Z * number) : Z := snd (fst t).

  Lemma tap_value_eq V t : tap_value V t = V (tap_chan t) (tap_row t) (tap_column t).
  Proof. now destruct t as [[[k r] s] w]. Qed.

  Lemma tap_channel_eq t : fst (tap_channel t) = fst (fst (fst t)).
  Proof. now destruct t as [[[k r] s] w]. Qed.

  (** One output of a convolution or of a dense layer. *)
  Section Row.
    Variables (sp : option number) (l : list span) (u bias : number) (row : list (N * Z * Z * number)) (s : sums).
    Variables (found : list sums) (p : progress) (X Y : nat -> Z -> Z -> R) (v : R).

    Let w (t : N * Z * Z * number) : R := tap_number t / real u.
    Let b : R := real bias / real u.
    Let SX : R := sum row (fun t => w t * X (tap_chan t) (tap_row t) (tap_column t)).
    Let SY : R := sum row (fun t => w t * Y (tap_chan t) (tap_row t) (tap_column t)).
    Let M : R := sum row (fun t => Rabs (w t) * Rabs (Y (tap_chan t) (tap_row t) (tap_column t))) + Rabs b.

    Hypothesis u_pos : 0 < real u.
    Hypothesis bias_held : float32b u bias = true.
    Hypothesis sp_fine : spacing_fine sp.
    Hypothesis Sums : row_sums l bias (map tap_channel row) = Some s.
    Hypothesis Through : through_sums u false sp found = Some p.
    Hypothesis Found : In s found.
    Hypothesis Fits : forall t c, In t row -> nth_error l (tap_chan t) = Some c ->
      fits sp c (X (tap_chan t) (tap_row t) (tap_column t)) (Y (tap_chan t) (tap_row t) (tap_column t)).
    Hypothesis Rounded : forall k, binary32 b -> M < power 126 -> (length row + 1 <= k)%nat -> INR k < power 23 ->
      binary32 v /\ Rabs (v - (SY + b)) <= rounding_loss k M.
    Hypothesis Exactly : forall e q,
      (forall t, In t row -> multiple (power e) (Y (tap_chan t) (tap_row t) (tap_column t))) ->
      (forall t, In t row -> multiple (power (- q)) (w t)) -> multiple (power (e - q)) b -> (-149 <= e - q <= 100)%Z ->
      M <= power 24 * power (e - q) -> v = SY + b /\ binary32 v /\ multiple (power (e - q)) v.

    (** Every tap's channel has bounds. *)
    Lemma row_channels : forall row s, row_sums l bias (map tap_channel row) = Some s ->
      forall t, In t row -> exists c, nth_error l (tap_chan t) = Some c.
    Proof.
      clear. induction row as [|t' row' IH]; [intros s _ t []|]. intros s E t Ht. cbn [map row_sums] in E.
      destruct (tap_channel t') as [k c] eqn:Et.
      destruct (nth_error l (N.to_nat k)) as [b|] eqn:Eb; [|discriminate]. cbn [bind] in E.
      destruct (row_sums l bias (map tap_channel row')) as [s'|] eqn:Es; [|discriminate].
      destruct Ht as [<-|Ht]; [|exact (IH s' eq_refl t Ht)].
      exists b. unfold tap_chan. rewrite <- tap_channel_eq, Et. exact Eb.
    Qed.

    Lemma row_bounds :
      real (sum_low s) <= F * real u * (SX + b) <= real (sum_high s) /\
      F * real u * Rabs (SY - SX) <= real (sum_error s) /\
      F * real u * M <= real (sum_size s) /\ real (sum_terms s) = INR (length row).
    Proof.
      assert (P := F_pos). assert (NZ : real u <> 0) by lra.
      destruct (row_sums_spec sp l bias row X Y s Sums) as (H1 & H2 & H3 & H4).
      { intros t c Ht Hc. rewrite !tap_value_eq. apply Fits; [assumption|].
        unfold tap_chan. now rewrite <- tap_channel_eq. }
      assert (EX : sum row (fun t => tap_number t * tap_value X t) = real u * SX).
      { unfold SX. rewrite <- sum_scale. apply sum_ext. intros t _. rewrite tap_value_eq. unfold w. field. exact NZ. }
      assert (EY : sum row (fun t => tap_number t * tap_value Y t) = real u * SY).
      { unfold SY. rewrite <- sum_scale. apply sum_ext. intros t _. rewrite tap_value_eq. unfold w. field. exact NZ. }
      assert (EA : forall a, Rabs a = real u * Rabs (a / real u)).
      { intros a. rewrite <- (Rabs_pos_eq (real u)) at 1 by lra. rewrite <- Rabs_mult. f_equal. field. exact NZ. }
      assert (EM : sum row (fun t => Rabs (tap_number t) * Rabs (tap_value Y t)) + Rabs (real bias) = real u * M).
      { unfold M, b. rewrite Rmult_plus_distr_l, <- EA. f_equal. rewrite <- sum_scale. apply sum_ext. intros t _.
        rewrite tap_value_eq, EA. unfold w. ring. }
      assert (Eb : real bias = real u * b) by (unfold b; field; exact NZ).
      rewrite EX, Eb in H1. rewrite EX, EY in H2. rewrite EM in H3.
      replace (real u * SY - real u * SX) with (real u * (SY - SX)) in H2 by ring.
      rewrite Rabs_mult, (Rabs_pos_eq (real u)) in H2 by lra.
      split; [|split; [|split]]; [|lra..|exact H4].
      replace (F * real u * (SX + b)) with (F * (real u * SX + real u * b)) by ring. exact H1.
    Qed.

    Theorem row_fits : fits (spacing p) (finished (exactly u found sp) u s) (SX + b) v.
    Proof.
      assert (P := F_pos). assert (NZ : real u <> 0) by lra.
      destruct row_bounds as (B1 & B2 & B3 & B4).
      destruct (through_spec u false sp found p Through) as (Limits & _ & Esp).
      destruct (Limits s Found) as [HM Hk]. assert (Hb := float32b_spec u bias u_pos bias_held). fold b in Hb.
      assert (PU : 0 < F * real u) by (apply Rmult_lt_0_compat; assumption).
      assert (Ek : real (roundings s) = INR (length row + 2)).
      { unfold roundings. rewrite !real_add, real_one, B4, plus_INR. cbn [INR]. ring. }
      rewrite Ek in Hk. rewrite Esp. destruct (exactly u found sp) eqn:Ex.
      - destruct (exactly_spec u found sp Ex sp_fine) as (s0 & e & j & -> & Es & Eu & Hj & He & Hall).
        assert (Ru := real_power u j Hj Eu). assert (Rs := real_power s0 e ltac:(lia) Es).
        assert (EF : forall z, power z / F = power (z - 256)).
        { intros z. rewrite F_power. unfold Rdiv. rewrite <- power_opp, <- power_plus. reflexivity. }
        assert (Known : forall t, In t row -> exists c, fits (Some s0) c (X (tap_chan t) (tap_row t) (tap_column t))
                                                           (Y (tap_chan t) (tap_row t) (tap_column t))).
        { intros t Ht. destruct (row_channels row s Sums t Ht) as [c Hc]. exists c. now apply Fits. }
        assert (Inverse : / real u = power (- j)) by (rewrite Ru; symmetry; apply power_opp).
        assert (S : SY = SX).
        { apply sum_ext. intros t Ht. destruct (Known t Ht) as (c & _ & _ & _ & H). now destruct (H s0 eq_refl) as [-> _]. }
        destruct (Exactly (e - 256) j) as (Ev & Hv & Hm).
        + intros t Ht. destruct (Known t Ht) as (c & _ & _ & _ & H). destruct (H s0 eq_refl) as [-> H'].
          rewrite <- EF, <- Rs. exact H'.
        + intros t _. unfold w, Rdiv. rewrite Inverse. unfold tap_number, real. eexists. reflexivity.
        + unfold b, Rdiv. rewrite Inverse. exists (Num.to_Z bias * 2 ^ (256 - e))%Z.
          rewrite mult_IZR, <- power_IZR by lia. rewrite Rmult_assoc, <- power_plus. unfold real.
          replace (256 - e + (e - 256 - j))%Z with (- j)%Z by lia. reflexivity.
        + lia.
        + specialize (Hall s Found). apply (Rmult_le_reg_l (F * real u)); [exact PU|].
          apply (Rle_trans _ (real (sum_size s))); [exact B3|]. eapply Rle_trans; [exact Hall|].
          rewrite F_power, Ru, <- !power_plus. apply power_le. lia.
        + rewrite S in Ev. rewrite Ev in *. apply finished_exact; try assumption.
          * eapply Rle_trans; [|exact B2]. apply Rmult_le_pos; [lra|apply Rabs_pos].
          * cbn [option_map]. intros t [= <-]. rewrite (real_power _ (e - j)) by first [lia|apply divided_spacing; [assumption..|lia]].
            rewrite EF. replace (e - j - 256)%Z with (e - 256 - j)%Z by lia. exact Hm.
      - destruct (Rounded (length row + 2)) as [Hv Hl].
        + exact Hb.
        + apply (Rmult_lt_reg_l (F * real u)); [exact PU|]. eapply Rle_lt_trans; [exact B3|].
          rewrite (Rmult_comm F). exact HM.
        + lia.
        + exact Hk.
        + apply (finished_rounded u s _ v (SY + b) M (length row + 2)); try assumption.
          replace (SY + b - (SX + b)) with (SY - SX) by ring. exact B2.
    Qed.
  End Row.

  (** * Maxima, ReLUs, means and sums of positions *)

  Lemma multiple_power_of e x s : Num.to_Z s = (2 ^ e)%Z -> (0 <= e)%Z -> multiple (real s / F) x <-> multiple (power (e - 256)) x.
  Proof.
    intros Es He. rewrite (real_power s e He Es), F_power. unfold Z.sub. now rewrite power_plus, power_opp.
  Qed.

  Lemma relu_fits sp b x y : fits sp b x y -> fits sp (relu_span b) (relu x) (relu y).
  Proof.
    intros ([Hl Hh] & He & Hb & Hs). assert (P := F_pos).
    assert (E : forall a, real (largest Num.zero a) / F = Rmax 0 (real a / F)).
    { intros a. rewrite real_largest, real_zero. replace 0 with (0 / F) at 2 by (unfold Rdiv; ring).
      unfold Rdiv. assert (I : 0 < / F) by (now apply Rinv_0_lt_compat).
      destruct (Rle_lt_dec 0 (real a)).
      - rewrite !Rmax_right by nra. reflexivity.
      - rewrite !Rmax_left by nra. reflexivity. }
    split; [|split; [|split]].
    - cbn [relu_span span_low span_high]. rewrite !E. unfold relu. split; apply Rle_max_compat_l; assumption.
    - cbn [relu_span span_error]. now apply relu_close.
    - now apply relu_held.
    - intros s Es. destruct (Hs s Es) as [-> M]. split; [reflexivity|now apply relu_multiple].
  Qed.

  Section ManyPlaces.
    Context {P : Type}.
    Variables (places : list P) (X Y : P -> R) (sp : option number) (b : span).
    Hypothesis Fit : forall p, In p places -> fits sp b (X p) (Y p).

    Lemma fit_steps p s : In p places -> sp = Some s -> Y p = X p /\ multiple (real s / F) (X p).
    Proof. intros Hp Es. destruct (Fit p Hp) as (_ & _ & _ & H). auto. Qed.

    Lemma maximum_fits : places <> [] -> fits sp b (maximum (map X places)) (maximum (map Y places)).
    Proof.
      intros N. split; [|split; [|split]].
      - apply (maximum_one_of places X (fun x => real (span_low b) / F <= x <= real (span_high b) / F) N).
        intros p Hp. apply (Fit p Hp).
      - apply maximum_close; [exact N|]. intros p Hp. apply (Fit p Hp).
      - apply (maximum_one_of places Y binary32 N). intros p Hp. apply (Fit p Hp).
      - intros s Es. split.
        + f_equal. apply map_ext_in. intros p Hp. now apply fit_steps with s.
        + apply (maximum_one_of places X (multiple (real s / F)) N). intros p Hp. now apply fit_steps.
    Qed.

    Let many := INR (length places).

    Lemma total_low : many * real (span_low b) <= F * sum places X.
    Proof.
      unfold many. rewrite <- sum_const, <- sum_scale. apply sum_le. intros p Hp.
      apply (fits_bounds _ _ _ _ (Fit p Hp)).
    Qed.

    Lemma total_high : F * sum places X <= many * real (span_high b).
    Proof.
      unfold many. rewrite <- sum_const, <- sum_scale. apply sum_le. intros p Hp.
      apply (fits_bounds _ _ _ _ (Fit p Hp)).
    Qed.

    Lemma total_error : F * Rabs (sum places Y - sum places X) <= many * real (span_error b).
    Proof.
      assert (Q := F_pos). rewrite <- sum_minus. eapply Rle_trans; [apply Rmult_le_compat_l; [lra|apply sum_Rabs]|].
      unfold many. rewrite <- sum_const, <- sum_scale. apply sum_le. intros p Hp.
      apply (fits_bounds _ _ _ _ (Fit p Hp)).
    Qed.

    Lemma total_size : F * sum (map Y places) Rabs <= many * real (span_size b).
    Proof.
      unfold many. rewrite sum_map, <- sum_const, <- sum_scale. apply sum_le. intros p Hp.
      apply (fits_size _ _ _ _ (Fit p Hp)).
    Qed.

    Lemma places_held v : In v (map Y places) -> binary32 v.
    Proof. intros (p & <- & Hp)%in_map_iff. apply (Fit p Hp). Qed.

    Lemma places_same s : sp = Some s -> sum places Y = sum places X.
    Proof. intros Es. apply sum_ext. intros p Hp. now apply fit_steps with s. Qed.

    Lemma places_multiple s v : sp = Some s -> In v (map Y places) -> multiple (real s / F) v.
    Proof. intros Es (p & <- & Hp)%in_map_iff. now destruct (fit_steps p s Hp Es) as [-> M]. Qed.

    (** A mean over [count] numbers, of which those not among the places are 0. *)
    Lemma mean_fits found u s p count k Z :
      through_sums u true sp found = Some p -> In s found -> spacing_fine sp ->
      averaged count (map Y places) Z ->
      1 <= count -> count < power 23 -> count <= real u -> (sp <> None -> count = real u) -> many <= count ->
      many = count \/ real (span_low b) <= 0 <= real (span_high b) ->
      real (sum_low s) <= real u * real (span_low b) -> real u * real (span_high b) <= real (sum_high s) ->
      real u * real (span_error b) <= real (sum_error s) -> real u * real (span_size b) <= real (sum_size s) ->
      real (roundings s) = INR k -> (length places + 2 <= k)%nat -> 0 <= real (span_error b) -> 0 <= real (span_size b) ->
      fits (spacing p) (finished (exactly u found sp) u s) (sum places X / count) Z.
    Proof.
      intros Ht Hin Hsp Ha H1 H23 Hu Hsu Hm H0 Ll Lh Le Ls Hk Hk2 E0 S0. assert (Q := F_pos).
      destruct (through_spec _ _ _ _ _ Ht) as (Hfound & _ & Esp). destruct (Hfound s Hin) as [Hsize Hround]. cbv iota in Hsize.
      assert (I : 0 < / count) by (apply Rinv_0_lt_compat; lra). assert (U : 0 < real u) by lra.
      assert (M0 : 0 <= many) by apply pos_INR.
      assert (Over : forall a c, a <= count * c -> a / count <= c).
      { intros a c H. apply (Rmult_le_reg_r count); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
      assert (Under : forall a c, count * c <= a -> c <= a / count).
      { intros a c H. apply (Rmult_le_reg_r count); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
      assert (TL := total_low). assert (TH := total_high). assert (TE := total_error). assert (TS := total_size).
      assert (XL : real (span_low b) <= F * (sum places X / count)).
      { unfold Rdiv. rewrite <- Rmult_assoc. apply Under. destruct H0 as [<-|[A B]]; [exact TL|]. nra. }
      assert (XH : F * (sum places X / count) <= real (span_high b)).
      { unfold Rdiv. rewrite <- Rmult_assoc. apply Over. destruct H0 as [<-|[A B]]; [exact TH|]. nra. }
      assert (XX : real (sum_low s) <= F * real u * (sum places X / count) <= real (sum_high s)).
      { rewrite (Rmult_comm F), Rmult_assoc. split.
        - eapply Rle_trans; [exact Ll|]. apply Rmult_le_compat_l; lra.
        - eapply Rle_trans; [|exact Lh]. apply Rmult_le_compat_l; lra. }
      assert (SS : F * (sum (map Y places) Rabs / count) <= real (span_size b)).
      { unfold Rdiv. rewrite <- Rmult_assoc. apply Over. eapply Rle_trans; [exact TS|]. now apply Rmult_le_compat_r. }
      assert (Hsize' : sum (map Y places) Rabs < power 126).
      { apply (Rmult_lt_reg_l F); [exact Q|]. eapply Rle_lt_trans; [exact TS|]. eapply Rle_lt_trans; [|exact Hsize].
        eapply Rle_trans; [|exact Ls]. apply Rmult_le_compat_r; lra. }
      destruct (exactly u found sp) eqn:Ex.
      - destruct (exactly_spec u found sp Ex Hsp) as (t & e & j & E & Et & Eu & Hj & He & Hall).
        assert (Ec : count = power j).
        { rewrite Hsu by (rewrite E; discriminate). now apply real_power. }
        rewrite Ec in Ha.
        destruct (averaged_exact j (e - 256) (map Y places) Z Ha Hj ltac:(lia) ltac:(lia)) as (EZ & BZ & MZ).
        + intros v Hv. apply (multiple_power_of e v t Et ltac:(lia)). now apply places_multiple.
        + apply (Rmult_le_reg_l F); [exact Q|]. eapply Rle_trans; [exact TS|].
          replace (F * (power 24 * power (e - 256))) with (power (e + 24)).
          2: { rewrite F_power, <- !power_plus. f_equal. lia. }
          eapply Rle_trans; [|apply (Hall s Hin)]. eapply Rle_trans; [|exact Ls]. apply Rmult_le_compat_r; lra.
        + rewrite sum_map in EZ. change (sum places (fun a => Y a)) with (sum places Y) in EZ.
          rewrite (places_same t E), <- Ec in EZ. rewrite <- EZ in *.
          apply finished_exact; [exact U|exact XX| |exact BZ|].
          * eapply Rle_trans; [|exact Le]. apply Rmult_le_pos; lra.
          * rewrite Esp, E. cbn [option_map]. intros t' [= <-].
            apply (multiple_power_of (e - j)); [apply divided_spacing; [assumption..|lia]|lia|].
            now replace (e - j - 256)%Z with (e - 256 - j)%Z by lia.
      - rewrite Esp. destruct (averaged_error count (map Y places) Z k Ha) as [BZ EZ]; try assumption.
        + exact places_held.
        + now rewrite map_length.
        + now rewrite <- Hk.
        + rewrite sum_map in EZ. change (sum places (fun a => Y a)) with (sum places Y) in EZ.
          apply (finished_rounded u s _ Z (sum places Y / count) (sum (map Y places) Rabs / count) k);
            try assumption; [now rewrite <- Hk| | |].
          * replace (sum places Y / count - sum places X / count) with ((sum places Y - sum places X) * / count) by (unfold Rdiv; ring).
            rewrite Rabs_mult, (Rabs_pos_eq (/ count)) by lra.
            eapply Rle_trans; [|exact Le]. rewrite (Rmult_comm F), Rmult_assoc. apply Rmult_le_compat_l; [lra|].
            rewrite <- Rmult_assoc. apply Over. eapply Rle_trans; [exact TE|]. now apply Rmult_le_compat_r.
          * eapply Rle_trans; [|exact Ls]. rewrite (Rmult_comm F), Rmult_assoc. apply Rmult_le_compat_l; lra.
          * unfold Rdiv at 3. unfold Rdiv at 3 in EZ. rewrite <- Rmult_assoc. exact EZ.
    Qed.

    (** A sum over positions. *)
    Lemma total_fits found s p k Z :
      through_sums Num.one false sp found = Some p -> In s found -> spacing_fine sp ->
      summed [] (map Y places) Z ->
      real (sum_low s) <= many * real (span_low b) -> many * real (span_high b) <= real (sum_high s) ->
      many * real (span_error b) <= real (sum_error s) -> many * real (span_size b) <= real (sum_size s) ->
      real (roundings s) = INR k -> (length places <= k)%nat -> 0 <= real (span_error b) ->
      fits (spacing p) (finished (exactly Num.one found sp) Num.one s) (sum places X) Z.
    Proof.
      intros Ht Hin Hsp Ha Ll Lh Le Ls Hk Hk2 E0. assert (Q := F_pos).
      destruct (through_spec _ _ _ _ _ Ht) as (Hfound & _ & Esp). destruct (Hfound s Hin) as [Hsize Hround]. cbv iota in Hsize.
      rewrite real_one, Rmult_1_l in Hsize.
      assert (M0 : 0 <= many) by apply pos_INR.
      assert (TL := total_low). assert (TH := total_high). assert (TE := total_error). assert (TS := total_size).
      assert (XX : real (sum_low s) <= F * real Num.one * sum places X <= real (sum_high s)).
      { rewrite real_one, Rmult_1_r. lra. }
      assert (Hsize' : sum (map Y places) Rabs < power 126).
      { apply (Rmult_lt_reg_l F); [exact Q|]. lra. }
      destruct (exactly Num.one found sp) eqn:Ex.
      - destruct (exactly_spec _ found sp Ex Hsp) as (t & e & j & E & Et & Eu & Hj & He & Hall).
        assert (j = 0%Z) as ->.
        { rewrite Num.to_Z_one in Eu. destruct (Z.eq_dec j 0); [assumption|].
          assert (2 ^ 1 <= 2 ^ j)%Z by (apply Z.pow_le_mono_r; lia). lia. }
        destruct (summed_exact [] (map Y places) Z (e - 256) Ha ltac:(lia)) as (EZ & BZ & MZ).
        + intros q [].
        + intros v Hv. apply (multiple_power_of e v t Et ltac:(lia)). now apply places_multiple.
        + rewrite magnitude_values. apply (Rmult_le_reg_l F); [exact Q|]. eapply Rle_trans; [exact TS|].
          replace (F * (power 24 * power (e - 256))) with (power (e + 24)).
          2: { rewrite F_power, <- !power_plus. f_equal. lia. }
          eapply Rle_trans; [exact Ls|]. apply (Hall s Hin).
        + rewrite exact_values, sum_map in EZ. change (sum places (fun a => Y a)) with (sum places Y) in EZ.
          rewrite (places_same t E) in EZ. rewrite <- EZ in *.
          apply finished_exact; [rewrite real_one; lra|exact XX| |exact BZ|].
          * eapply Rle_trans; [|exact Le]. apply Rmult_le_pos; lra.
          * rewrite Esp, E. cbn [option_map]. intros t' [= <-].
            apply (multiple_power_of (e - 0)); [apply divided_spacing; [assumption..|lia]|lia|].
            now rewrite Z.sub_0_r.
      - rewrite Esp. destruct (summed_error [] (map Y places) Z k Ha) as [BZ EZ].
        + exact places_held.
        + now rewrite magnitude_values.
        + unfold counted. rewrite map_length. exact Hk2.
        + now rewrite <- Hk.
        + rewrite magnitude_values, exact_values, sum_map in EZ. change (sum places (fun a => Y a)) with (sum places Y) in EZ.
          apply (finished_rounded _ s _ Z (sum places Y) (sum (map Y places) Rabs) k); try assumption.
          * rewrite real_one. lra.
          * now rewrite <- Hk.
          * rewrite real_one, Rmult_1_r. lra.
          * rewrite real_one, Rmult_1_r. lra.
    Qed.
  End ManyPlaces.
End RoundedLayers.
