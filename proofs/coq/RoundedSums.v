(** The numbers that [Rounding.v] computes with, what it knows of a channel, and its bounds of sums of products
    (THEOREM.md, section 7). *)

From Coq Require Import Reals ZArith NArith Znumtheory List Lra Lia Bool.
From ExactCNN Require Import Sums Images Numbers Checker Instance Evaluation Rounding Soundness Quotients Locals.
From ExactCNN Require Import HeadSequents Certificates Witnesses Binary32 ComputedSums ComputedMeans Executions Closeness.
From ExactCNN Require Axis Tasks Networks.
Import ListNotations.
Open Scope R_scope.

(** What divides a power of two is one. *)
Lemma divides_power_of_two n : forall g, (0 < g)%Z -> (g | 2 ^ Z.of_nat n)%Z -> exists k : nat, g = (2 ^ Z.of_nat k)%Z.
Proof.
  induction n as [|n IH]; intros g Hg Hd.
  - exists 0%nat. apply Z.divide_1_r_nonneg in Hd; [assumption|lia].
  - rewrite Nat2Z.inj_succ, Z.pow_succ_r in Hd by lia. destruct (Zeven_odd_dec g) as [He|Ho].
    + destruct (Zeven_ex g He) as (h & ->). apply Z.mul_divide_cancel_l in Hd; [|lia].
      destruct (IH h ltac:(lia) Hd) as (k & ->). exists (S k). now rewrite Nat2Z.inj_succ, Z.pow_succ_r by lia.
    + apply IH; [assumption|]. apply (Gauss g 2); [assumption|]. apply Zgcd_1_rel_prime.
      destruct (Zodd_ex g Ho) as (h & ->).
      assert (G := Z.gcd_divide_r (2 * h + 1) 2). assert (G' := Z.gcd_divide_l (2 * h + 1) 2).
      assert (0 <= Z.gcd (2 * h + 1) 2)%Z by apply Z.gcd_nonneg.
      assert (Z.gcd (2 * h + 1) 2 <= 2)%Z by (apply Z.divide_pos_le; [lia|assumption]).
      destruct (Z.eq_dec (Z.gcd (2 * h + 1) 2) 2) as [E|N].
      * rewrite E in G'. destruct G' as (m & Hm). lia.
      * destruct (Z.eq_dec (Z.gcd (2 * h + 1) 2) 0) as [E|N0]; [rewrite E in G; destruct G; lia|]. lia.
Qed.

Lemma multiple_opp s x : multiple s x -> multiple s (- x).
Proof. intros (m & ->). exists (- m)%Z. rewrite opp_IZR. ring. Qed.

Lemma multiple_IZR s n x : multiple s x -> multiple s (IZR n * x).
Proof. intros (m & ->). exists (n * m)%Z. rewrite mult_IZR. ring. Qed.

Module RoundedSums (Num : SpecifiedNumbers).
  Module Export Witnessed := Witnesses Num.

  (** * Numbers *)

  Notation F := (real finest).

  Lemma real_power n e : (0 <= e)%Z -> Num.to_Z n = (2 ^ e)%Z -> real n = power e.
  Proof. intros He H. unfold real. now rewrite H, power_IZR. Qed.

  Lemma to_Z_of_Z z : Num.to_Z (of_Z z) = z.
  Proof. apply eq_IZR. exact (real_of_Z z). Qed.

  Lemma F_power : F = power 256.
  Proof. apply real_power; [lia|]. apply to_Z_of_Z. Qed.

  Lemma F_pos : 0 < F.
  Proof. rewrite F_power. apply power_pos. Qed.

  Lemma real_largest a b : real (largest a b) = Rmax (real a) (real b).
  Proof.
    unfold largest. destruct (Num.leb a b) eqn:E.
    - apply leb_real in E. now rewrite Rmax_right.
    - apply leb_false_real in E. rewrite Rmax_left; lra.
  Qed.

  Lemma real_lesser a b : real (lesser a b) = Rmin (real a) (real b).
  Proof.
    unfold lesser. destruct (Num.leb a b) eqn:E.
    - apply leb_real in E. now rewrite Rmin_left.
    - apply leb_false_real in E. rewrite Rmin_right; lra.
  Qed.

  Lemma real_absolute a : real (absolute a) = Rabs (real a).
  Proof.
    unfold absolute. destruct (Num.leb Num.zero a) eqn:E.
    - apply leb_real in E. rewrite real_zero in E. now rewrite Rabs_pos_eq.
    - apply leb_false_real in E. rewrite real_zero in E. now rewrite real_opp, Rabs_left.
  Qed.

  Lemma div_le a b : 0 < real b -> real (Num.div a b) <= real a / real b.
  Proof.
    intros Hb. apply (Rmult_le_reg_r (real b)); [assumption|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
    unfold real in *. apply (lt_IZR 0) in Hb. rewrite <- mult_IZR, Num.to_Z_div. apply IZR_le.
    rewrite Z.mul_comm. now apply Z.mul_div_le.
  Qed.

  Lemma div_up_ge a b : 0 < real b -> real a / real b <= real (divided_up a b).
  Proof.
    intros Hb. unfold divided_up. rewrite real_opp. assert (H := div_le (Num.opp a) b Hb). rewrite real_opp in H.
    unfold Rdiv in *. lra.
  Qed.

  Lemma strictly_below_real a b : strictly_below a b = true -> real a < real b.
  Proof. unfold strictly_below. now intros H%negb_true_iff%leb_false_real. Qed.

  Lemma power_of_twob_spec a : power_of_twob a = true -> exists e, (0 <= e <= 256)%Z /\ Num.to_Z a = (2 ^ e)%Z.
  Proof.
    unfold power_of_twob. intros [Hp%positive_real He]%andb_true_iff. rewrite Num.eqb_to_Z, Z.eqb_eq, Num.to_Z_gcd in He.
    assert (D := Z.gcd_divide_r (Num.to_Z a) (Num.to_Z finest)). rewrite He in D. unfold finest in D.
    rewrite to_Z_of_Z in D. apply (lt_IZR 0) in Hp.
    destruct (divides_power_of_two 256 _ Hp D) as (k & Hk). exists (Z.of_nat k). split; [|assumption]. split; [lia|].
    apply Z.divide_pos_le in D; [|lia]. rewrite Hk in D. now apply Z.pow_le_mono_r_iff in D.
  Qed.

  Lemma float32b_spec u w : 0 < real u -> float32b u w = true -> binary32 (real w / real u).
  Proof.
    intros Hu H. unfold float32b in H. apply orb_true_iff in H. destruct H as [H|H].
    - rewrite Num.eqb_to_Z, Num.to_Z_zero, Z.eqb_eq in H. unfold real at 1. rewrite H.
      replace (0 / real u) with 0 by (unfold Rdiv; ring). exact binary32_0.
    - cbv zeta in H. set (n := Num.div (Num.mul (absolute w) two_149) u) in *.
      rewrite !andb_true_iff in H. destruct H as [[[H Hge%leb_real] _] Hodd%strictly_below_real].
      rewrite Num.eqb_to_Z, Z.eqb_eq in H. assert (E : real n * real u = real (absolute w) * power 149).
      { rewrite <- (real_power two_149 149) by (try lia; apply to_Z_of_Z). rewrite <- !real_mul. unfold real. now rewrite H. }
      set (g := Num.gcd n two_276) in *.
      assert (Hn : (0 < Num.to_Z n)%Z).
      { apply lt_IZR. unfold real in Hge. unfold two_23 in Hge. rewrite to_Z_of_Z in Hge. apply (Rlt_le_trans _ (IZR (2 ^ 23))); [|assumption].
        now apply IZR_lt. }
      assert (Dn : (Num.to_Z g | Num.to_Z n)%Z) by (unfold g; rewrite Num.to_Z_gcd; apply Z.gcd_divide_l).
      assert (Dp : (Num.to_Z g | 2 ^ Z.of_nat 276)%Z).
      { unfold g. rewrite Num.to_Z_gcd. unfold two_276. rewrite to_Z_of_Z. apply Z.gcd_divide_r. }
      assert (Hg : (0 < Num.to_Z g)%Z).
      { assert (0 <= Num.to_Z g)%Z by (unfold g; rewrite Num.to_Z_gcd; apply Z.gcd_nonneg).
        destruct (Z.eq_dec (Num.to_Z g) 0) as [E0|]; [rewrite E0 in Dn; destruct Dn; lia|lia]. }
      destruct (divides_power_of_two 276 _ Hg Dp) as (k & Hk). destruct Dn as (m & Hm).
      assert (Em : Num.to_Z (Num.div n g) = m) by (rewrite Num.to_Z_div, Hm; apply Z.div_mul; lia).
      unfold real in Hodd. rewrite Em in Hodd. unfold two_24 in Hodd. rewrite to_Z_of_Z in Hodd. apply lt_IZR in Hodd.
      assert (Hm0 : (0 < m)%Z) by nia.
      assert (Ea : Rabs (real w) / real u = IZR m * power (Z.of_nat k - 149)).
      { rewrite <- real_absolute. apply (Rmult_eq_reg_r (real u * power 149)).
        2: { assert (P := power_pos 149). nra. }
        replace (real (absolute w) / real u * (real u * power 149)) with (real (absolute w) * power 149) by (field; lra).
        rewrite <- E. unfold real at 1. rewrite Hm, Hk, mult_IZR, <- power_IZR by lia.
        replace (IZR m * power (Z.of_nat k - 149) * (real u * power 149))
          with (IZR m * (power (Z.of_nat k - 149) * power 149) * real u) by ring.
        rewrite <- power_plus. replace (Z.of_nat k - 149 + 149)%Z with (Z.of_nat k) by lia. ring. }
      destruct (Rle_lt_dec 0 (real w)) as [P|P].
      + rewrite Rabs_pos_eq in Ea by assumption. exists m, (Z.of_nat k - 149)%Z. split; [exact Ea|]. lia.
      + rewrite Rabs_left in Ea by assumption. exists (- m)%Z, (Z.of_nat k - 149)%Z. split; [|lia].
        rewrite opp_IZR. unfold Rdiv in *. lra.
  Qed.

  (** * What is known of a channel *)

  (** The exact value [x] and the computed one [y] of a channel with these bounds. *)
  Definition fits (sp : option number) (b : span) (x y : R) : Prop :=
    (real (span_low b) / F <= x <= real (span_high b) / F) /\ Rabs (y - x) <= real (span_error b) / F /\ binary32 y /\
    forall s, sp = Some s -> y = x /\ multiple (real s / F) x.

  Definition spacing_fine (sp : option number) : Prop :=
    forall s, sp = Some s -> exists e, (0 <= e <= 256)%Z /\ Num.to_Z s = (2 ^ e)%Z.

  Lemma quotient_le a b c d : 0 < c -> 0 < d -> a / d <= b -> a / (c * d) <= b / c.
  Proof.
    intros Hc Hd H. replace (a / (c * d)) with (a / d / c) by (field; lra). unfold Rdiv at 1 3.
    apply Rmult_le_compat_r; [|assumption]. left. now apply Rinv_0_lt_compat.
  Qed.

  Lemma quotient_ge a b c d : 0 < c -> 0 < d -> b <= a / d -> b / c <= a / (c * d).
  Proof.
    intros Hc Hd H. replace (a / (c * d)) with (a / d / c) by (field; lra). unfold Rdiv at 1 3.
    apply Rmult_le_compat_r; [|assumption]. left. now apply Rinv_0_lt_compat.
  Qed.

  Lemma le_quotient a b c : 0 < c -> c * a <= b -> a <= b / c.
  Proof.
    intros Hc H. apply (Rmult_le_reg_r c); [assumption|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra. lra.
  Qed.

  Lemma quotient_le_of a b c : 0 < c -> b <= c * a -> b / c <= a.
  Proof.
    intros Hc H. apply (Rmult_le_reg_r c); [assumption|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra. lra.
  Qed.

  Lemma finished_bounds exact u s x :
    0 < real u -> real (sum_low s) <= F * real u * x <= real (sum_high s) ->
    real (span_low (finished exact u s)) / F <= x <= real (span_high (finished exact u s)) / F.
  Proof.
    intros Hu [Hl Hh]. assert (P := F_pos). cbn [finished span_low span_high]. split.
    - apply (Rle_trans _ (real (sum_low s) / real u / F)).
      + unfold Rdiv at 1 2. apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|]. now apply div_le.
      + apply quotient_le_of; [assumption|]. apply quotient_le_of; [assumption|]. lra.
    - apply (Rle_trans _ (real (sum_high s) / real u / F)).
      + apply le_quotient; [assumption|]. apply le_quotient; [assumption|]. lra.
      + unfold Rdiv at 1 3. apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|]. now apply div_up_ge.
  Qed.

  Lemma real_two_24 : real two_24 = power 24.
  Proof. apply real_power; [lia|]. apply to_Z_of_Z. Qed.

  Lemma real_two_23 : real two_23 = power 23.
  Proof. apply real_power; [lia|]. apply to_Z_of_Z. Qed.

  Lemma power_23_24 : power 24 = 2 * power 23.
  Proof. rewrite <- power_1, <- power_plus. reflexivity. Qed.

  (** A sum that is rounded. *)
  Lemma finished_rounded u s x v S M k :
    0 < real u -> real (roundings s) = INR k -> INR k < power 23 ->
    real (sum_low s) <= F * real u * x <= real (sum_high s) ->
    F * real u * Rabs (S - x) <= real (sum_error s) ->
    F * real u * M <= real (sum_size s) ->
    Rabs (v - S) <= INR k / (power 24 - INR k) * M + INR k * power (-148) -> binary32 v ->
    fits None (finished false u s) x v.
  Proof.
    intros Hu Hk Hk23 Hx HS HM Hv Hb. assert (P := F_pos). split; [now apply finished_bounds|].
    split; [|split; [assumption|discriminate]]. cbn [finished span_error].
    assert (Hk0 : 0 <= INR k) by apply pos_INR. assert (P23 := power_pos 23). assert (E24 := power_23_24).
    assert (Hd : 0 < power 24 - INR k) by lra.
    apply (Rle_trans _ (real (Num.add (sum_error s) (lost u s)) / real u / F)).
    2: { unfold Rdiv at 1 3. apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|]. now apply div_up_ge. }
    apply le_quotient; [assumption|]. apply le_quotient; [assumption|].
    rewrite real_add. unfold lost. rewrite real_add, !real_mul, Hk.
    assert (L : INR k * real (sum_size s) / (power 24 - INR k)
                <= real (divided_up (Num.mul (sum_size s) (roundings s)) (Num.add two_24 (Num.opp (roundings s))))).
    { replace (INR k * real (sum_size s) / (power 24 - INR k))
        with (real (Num.mul (sum_size s) (roundings s)) / real (Num.add two_24 (Num.opp (roundings s)))).
      2: { rewrite real_mul, real_add, real_opp, Hk, real_two_24. unfold Rdiv. f_equal. ring. }
      apply div_up_ge. rewrite real_add, real_opp, Hk, real_two_24. lra. }
    assert (E148 : real two_108 = F * power (-148)).
    { rewrite F_power, <- power_plus. apply real_power; [lia|]. apply to_Z_of_Z. }
    rewrite E148.
    assert (HQ : INR k / (power 24 - INR k) * (F * real u * M) <= INR k * real (sum_size s) / (power 24 - INR k)).
    { unfold Rdiv. rewrite Rmult_assoc, (Rmult_comm (/ _)), <- Rmult_assoc. apply Rmult_le_compat_r.
      - left. now apply Rinv_0_lt_compat.
      - now apply Rmult_le_compat_l. }
    assert (T : Rabs (v - x) <= Rabs (v - S) + Rabs (S - x)).
    { replace (v - x) with ((v - S) + (S - x)) by ring. apply Rabs_triang. }
    assert (PU : 0 < F * real u) by (apply Rmult_lt_0_compat; assumption).
    apply (Rle_trans _ (F * real u * (Rabs (v - S) + Rabs (S - x)))).
    - rewrite <- Rmult_assoc, (Rmult_comm (real u) F). apply Rmult_le_compat_l; lra.
    - assert (H : F * real u * Rabs (v - S)
                  <= F * real u * (INR k / (power 24 - INR k) * M + INR k * power (-148)))
        by (apply Rmult_le_compat_l; lra).
      lra.
  Qed.

  (** A sum that is exact. *)
  Lemma finished_exact u s x sp :
    0 < real u -> real (sum_low s) <= F * real u * x <= real (sum_high s) -> 0 <= real (sum_error s) -> binary32 x ->
    (forall t, sp = Some t -> multiple (real t / F) x) -> fits sp (finished true u s) x x.
  Proof.
    intros Hu Hx He Hb Hm. assert (P := F_pos). split; [now apply finished_bounds|].
    split; [|split; [assumption|auto]]. cbn [finished span_error].
    rewrite Rminus_diag_eq, Rabs_R0 by reflexivity.
    apply (Rle_trans _ (real (sum_error s) / real u / F)).
    - apply le_quotient; [assumption|]. apply le_quotient; [assumption|]. lra.
    - unfold Rdiv at 1 3. apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|]. now apply div_up_ge.
  Qed.

  (** * Sums *)

  Lemma exactly_spec u found sp :
    exactly u found sp = true -> spacing_fine sp ->
    exists s e j, sp = Some s /\ Num.to_Z s = (2 ^ e)%Z /\ Num.to_Z u = (2 ^ j)%Z /\ (0 <= j)%Z /\
                  (j + 130 <= e <= 256)%Z /\ forall x, In x found -> real (sum_size x) <= power (e + 24).
  Proof.
    intros H Hsp. unfold exactly in H. destruct sp as [s|]; [|discriminate].
    rewrite !andb_true_iff, forallb_forall in H. destruct H as [[Hu Hle%leb_real] Hall].
    destruct (Hsp s eq_refl) as (e & He & Es). destruct (power_of_twob_spec u Hu) as (j & [Hj _] & Eu).
    exists s, e, j. repeat split; try assumption; try lia.
    - rewrite real_mul, (real_power u j Hj Eu), (real_power s e (proj1 He) Es) in Hle.
      rewrite (real_power two_130 130) in Hle by (try lia; apply to_Z_of_Z). rewrite <- power_plus in Hle.
      destruct (Z_le_gt_dec (j + 130) e) as [|N]; [assumption|]. exfalso.
      assert (Hlt : power (e + 1) <= power (j + 130)) by (apply power_le; lia).
      rewrite power_plus, power_1 in Hlt. assert (Q := power_pos e). lra.
    - intros x Hin. specialize (Hall x Hin). apply leb_real in Hall.
      rewrite real_mul, real_two_24, (real_power s e (proj1 He) Es), <- power_plus in Hall. exact Hall.
  Qed.

  Lemma through_spec u mean sp found p :
    through_sums u mean sp found = Some p ->
    (forall s, In s found ->
       real (sum_size s) < (if mean then F else real u * F) * power 126 /\ real (roundings s) < power 23) /\
    spans p = map (finished (exactly u found sp) u) found /\
    spacing p = if exactly u found sp then option_map (fun s => Num.div s u) sp else None.
  Proof.
    unfold through_sums. cbv zeta. destruct (forallb _ found) eqn:E; [|discriminate]. intros [= <-].
    split; [|split; reflexivity]. intros s Hs. rewrite forallb_forall in E. specialize (E s Hs).
    apply andb_true_iff in E. destruct E as [E1%strictly_below_real E2%strictly_below_real].
    rewrite real_two_23 in E2. split; [|assumption]. rewrite real_mul in E1.
    rewrite (real_power two_126 126) in E1 by (try lia; apply to_Z_of_Z). destruct mean; [|rewrite real_mul in E1]; exact E1.
  Qed.

  Lemma divided_spacing s u e j :
    Num.to_Z s = (2 ^ e)%Z -> Num.to_Z u = (2 ^ j)%Z -> (0 <= j <= e)%Z -> Num.to_Z (Num.div s u) = (2 ^ (e - j))%Z.
  Proof.
    intros Es Eu H. rewrite Num.to_Z_div, Es, Eu. symmetry. apply Z.pow_sub_r; lia.
  Qed.

  Lemma through_spacing u mean sp found p :
    through_sums u mean sp found = Some p -> spacing_fine sp -> spacing_fine (spacing p).
  Proof.
    intros H Hsp t Ht. destruct (through_spec u mean sp found p H) as (_ & _ & E). rewrite E in Ht.
    destruct (exactly u found sp) eqn:Ex; [|discriminate].
    destruct (exactly_spec u found sp Ex Hsp) as (s & e & j & -> & Es & Eu & Hj & He & _).
    injection Ht as <-. exists (e - j)%Z. split; [lia|]. apply divided_spacing; [assumption..|lia].
  Qed.

  (** ** Rows of taps *)

  Definition tap_value (V : nat -> Z -> Z -> R) (t : N * Z * Z * number) : R :=
    let '(k, r, s, w) := t in V (N.to_nat k) r s.

  Definition tap_number (t : N * Z * Z * number) : R := real (snd t).

  Lemma fits_size sp b x y : fits sp b x y -> F * Rabs y <= real (span_size b).
  Proof.
    intros ([Hl Hh] & He & _). assert (P := F_pos). unfold span_size. rewrite real_add, real_largest, real_opp.
    assert (Hx : F * Rabs x <= Rmax (- real (span_low b)) (real (span_high b))).
    { assert (F * x <= real (span_high b)).
      { apply (Rmult_le_reg_r (/ F)); [now apply Rinv_0_lt_compat|]. unfold Rdiv in Hh.
        replace (F * x * / F) with x by (field; lra). exact Hh. }
      assert (real (span_low b) <= F * x).
      { apply (Rmult_le_reg_r (/ F)); [now apply Rinv_0_lt_compat|]. unfold Rdiv in Hl.
        replace (F * x * / F) with x by (field; lra). exact Hl. }
      assert (M1 := Rmax_l (- real (span_low b)) (real (span_high b))).
      assert (M2 := Rmax_r (- real (span_low b)) (real (span_high b))).
      unfold Rabs. destruct (Rcase_abs x); lra. }
    assert (Hd : F * Rabs (y - x) <= real (span_error b)).
    { apply (Rmult_le_reg_r (/ F)); [now apply Rinv_0_lt_compat|]. unfold Rdiv in He.
      replace (F * Rabs (y - x) * / F) with (Rabs (y - x)) by (field; lra). exact He. }
    assert (T : Rabs y <= Rabs x + Rabs (y - x)).
    { replace y with (x + (y - x)) at 1 by ring. apply Rabs_triang. }
    assert (F * Rabs y <= F * (Rabs x + Rabs (y - x))) by (apply Rmult_le_compat_l; lra). lra.
  Qed.

  Lemma fits_bounds sp b x y : fits sp b x y ->
    real (span_low b) <= F * x <= real (span_high b) /\ F * Rabs (y - x) <= real (span_error b).
  Proof.
    intros ([Hl Hh] & He & _). assert (P := F_pos). unfold Rdiv in *.
    assert (G : forall a c, a * / F <= c -> a <= F * c).
    { intros a c H. apply (Rmult_le_compat_l F) in H; [|lra].
      replace (F * (a * / F)) with a in H by (field; lra). exact H. }
    assert (G' : forall a c, c <= a * / F -> F * c <= a).
    { intros a c H. apply (Rmult_le_compat_l F) in H; [|lra].
      replace (F * (a * / F)) with a in H by (field; lra). exact H. }
    auto.
  Qed.

  Lemma row_sums_spec sp l bias taps (X Y : nat -> Z -> Z -> R) : forall s,
    row_sums l bias (map tap_channel taps) = Some s ->
    (forall t b, In t taps -> nth_error l (N.to_nat (fst (tap_channel t))) = Some b ->
                 fits sp b (tap_value X t) (tap_value Y t)) ->
    real (sum_low s) <= F * (sum taps (fun t => tap_number t * tap_value X t) + real bias) <= real (sum_high s) /\
    F * Rabs (sum taps (fun t => tap_number t * tap_value Y t) - sum taps (fun t => tap_number t * tap_value X t))
      <= real (sum_error s) /\
    F * (sum taps (fun t => Rabs (tap_number t) * Rabs (tap_value Y t)) + Rabs (real bias)) <= real (sum_size s) /\
    real (sum_terms s) = INR (length taps).
  Proof.
    assert (P := F_pos).
    induction taps as [|t taps IH]; intros s; cbn [map row_sums].
    - intros [= <-] _. cbn [sum sums_of_bias sum_low sum_high sum_error sum_size sum_terms length INR].
      rewrite !real_mul, real_absolute, real_zero, Rminus_diag_eq, Rabs_R0 by reflexivity.
      change (INR 0) with 0. lra.
    - destruct (tap_channel t) as [k w] eqn:Et. intros E Hf.
      destruct (nth_error l (N.to_nat k)) as [b|] eqn:Eb; [|discriminate]. cbn [bind] in E.
      destruct (row_sums l bias (map tap_channel taps)) as [s'|] eqn:Es; [|discriminate].
      injection E as <-.
      assert (Hb : fits sp b (tap_value X t) (tap_value Y t)).
      { apply Hf; [now left|]. now rewrite Et. }
      destruct (IH s' eq_refl) as (IH1 & IH2 & IH3 & IH4).
      { intros u c Hu. apply Hf. now right. }
      destruct (fits_bounds _ _ _ _ Hb) as [[Hl Hh] He]. assert (Hs := fits_size _ _ _ _ Hb).
      assert (Ew : tap_number t = real w) by (destruct t as [[[? ?] ?] ?]; cbn in Et |- *; now injection Et as _ <-).
      cbn [add_product sum_low sum_high sum_error sum_size sum_terms sum length].
      rewrite !real_add, !real_mul, real_absolute, real_one, Ew.
      set (x := tap_value X t) in *. set (y := tap_value Y t) in *.
      set (SX := sum taps (fun t => tap_number t * tap_value X t)) in *.
      set (SY := sum taps (fun t => tap_number t * tap_value Y t)) in *.
      set (SA := sum taps (fun t => Rabs (tap_number t) * Rabs (tap_value Y t))) in *.
      split; [|split; [|split]].
      + destruct (Num.leb Num.zero w) eqn:Ele.
        * apply leb_real in Ele. rewrite real_zero in Ele.
          assert (real w * real (span_low b) <= real w * (F * x)) by (apply Rmult_le_compat_l; lra).
          assert (real w * (F * x) <= real w * real (span_high b)) by (apply Rmult_le_compat_l; lra). lra.
        * apply leb_false_real in Ele. rewrite real_zero in Ele.
          assert (real w * real (span_high b) <= real w * (F * x)) by (apply Rmult_le_compat_neg_l; lra).
          assert (real w * (F * x) <= real w * real (span_low b)) by (apply Rmult_le_compat_neg_l; lra). lra.
      + replace (real w * y + SY - (real w * x + SX)) with (real w * (y - x) + (SY - SX)) by ring.
        assert (T := Rabs_triang (real w * (y - x)) (SY - SX)). rewrite Rabs_mult in T.
        assert (A := Rabs_pos (real w)).
        assert (Rabs (real w) * (F * Rabs (y - x)) <= Rabs (real w) * real (span_error b)) by (apply Rmult_le_compat_l; lra).
        assert (F * Rabs (real w * (y - x) + (SY - SX)) <= F * (Rabs (real w) * Rabs (y - x) + Rabs (SY - SX)))
          by (apply Rmult_le_compat_l; lra). lra.
      + assert (A := Rabs_pos (real w)).
        assert (Rabs (real w) * (F * Rabs y) <= Rabs (real w) * real (span_size b)) by (apply Rmult_le_compat_l; lra).
        lra.
      + rewrite IH4. rewrite S_INR. reflexivity.
  Qed.
End RoundedSums.
