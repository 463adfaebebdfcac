(** The bound of [Rounding.v] is one (THEOREM.md, section 7): logits that are computed in binary32, by any execution that
    [Executions.v] allows, are no further from the exact ones; so that an accepted certificate of a margin of float32
    execution proves that margin of all computed logits. *)

From Coq Require Import Reals ZArith NArith Znumtheory List Lra Lia Bool.
From ExactCNN Require Import Sums Images Numbers Checker Instance Evaluation Rounding Soundness Quotients Locals.
From ExactCNN Require Import HeadSequents Certificates Witnesses Binary32 Executions Closeness.
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

Module Roundings (Num : SpecifiedNumbers).
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
