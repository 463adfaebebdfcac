(** Binary32: the numbers of IEEE 754 single precision, rounding to nearest, and sums that are computed in any order
    (THEOREM.md, section 7).

    A number of binary32 is m * 2^e with integers m, |m| < 2^24, and e >= -149; so numbers below 2^-126 are there with
    fewer digits (gradual underflow), and none is flushed to 0. Zero has no sign here. There is no greatest number:
    that a result is at least 2^128 - 2^103, which IEEE 754 makes an infinity, is said where it is rounded. *)

From Coq Require Import Reals ZArith List Permutation ConstructiveEpsilon Lra Lia.
From ExactCNN Require Import Sums.
Import ListNotations.
Open Scope R_scope.

(** * Definitions *)

(** 2^e. *)
Definition power (e : Z) : R := powerRZ 2 e.

Definition binary32 (x : R) : Prop :=
  exists m e : Z, x = IZR m * power e /\ (Z.abs m < 2 ^ 24)%Z /\ (-149 <= e)%Z.

(** Which of two nearest numbers is taken in a tie is left open. *)
Definition nearest (x y : R) : Prop :=
  binary32 y /\ forall z, binary32 z -> Rabs (y - x) <= Rabs (z - x).

(** What is rounded to an infinity. *)
Definition overflow : R := power 128 - power 103.

(** [y] may be the result of an operation whose exact result is [x]. Of what overflows nothing is said: [y] may be
    anything. *)
Definition rounded (x y : R) : Prop := Rabs x < overflow -> nearest x y.

(** [y] may come out when a machine adds up the products [w * x] of these pairs, and these addends, in any order and
    bracketing. A product is rounded, or fused with an addition; additions are rounded. Zeros may be added, and
    products with a zero may be left out. *)
Inductive summed : list (R * R) -> list R -> R -> Prop :=
| zero : summed [] [] 0
| addend b : summed [] [b] b
| product w x y : rounded (w * x) y -> summed [(w, x)] [] y
| left_out w x ps bs y : w = 0 \/ x = 0 -> summed ps bs y -> summed ((w, x) :: ps) bs y
| added ps bs y ps' bs' y' z :
    summed ps bs y -> summed ps' bs' y' -> rounded (y + y') z -> summed (ps ++ ps') (bs ++ bs') z
| fused w x ps bs y z : summed ps bs y -> rounded (w * x + y) z -> summed ((w, x) :: ps) bs z
| permuted ps ps' bs bs' y : Permutation ps ps' -> Permutation bs bs' -> summed ps bs y -> summed ps' bs' y.

(** The mean of numbers, which are [count] with the zeros among them that need not be given: their sum is divided, or
    multiplied by the rounded reciprocal, or each of them is multiplied by it. *)
Definition averaged (count : R) (values : list R) (y : R) : Prop :=
  (exists total, summed [] values total /\ rounded (total / count) y) \/
  (exists total r, summed [] values total /\ rounded (1 / count) r /\ rounded (total * r) y) \/
  (exists r, rounded (1 / count) r /\ summed (map (pair r) values) [] y).

Definition multiple (s x : R) : Prop := exists n : Z, x = IZR n * s.

(** * Powers of two *)

Lemma power_plus a b : power (a + b) = power a * power b.
Proof. apply powerRZ_add. lra. Qed.

Lemma power_pos e : 0 < power e.
Proof. apply powerRZ_lt. lra. Qed.

Lemma power_opp e : power (- e) = / power e.
Proof.
  assert (H := power_pos e). assert (E : power (- e) * power e = 1)
    by (rewrite <- power_plus; now rewrite Z.add_opp_diag_l).
  apply (Rmult_eq_reg_r (power e)); [|lra]. rewrite E. field. lra.
Qed.

Lemma power_IZR e : (0 <= e)%Z -> power e = IZR (2 ^ e).
Proof.
  intros H. unfold power. rewrite <- (Z2Nat.id e) by assumption. rewrite <- pow_powerRZ. apply pow_IZR.
Qed.

Lemma power_le a b : (a <= b)%Z -> power a <= power b.
Proof.
  intros H. replace b with (a + (b - a))%Z by lia. rewrite power_plus, (power_IZR (b - a)) by lia.
  assert (1 <= IZR (2 ^ (b - a))) by (apply (IZR_le 1); apply (Z.pow_le_mono_r 2 0); lia).
  assert (Hp := power_pos a). nra.
Qed.

Lemma power_1 : power 1 = 2.
Proof. now rewrite power_IZR. Qed.

Lemma power_24 : power 24 = 16777216.
Proof. now rewrite power_IZR. Qed.

(** * Rounding to nearest *)

(** Half a unit in the last place of numbers with an exponent of 0, 2^-24: how far rounding may change a number. *)
Definition unit_roundoff : R := power (-24).

Local Notation u := unit_roundoff.

Lemma u_value : u = / 16777216.
Proof. unfold unit_roundoff. change (-24)%Z with (- (24))%Z. now rewrite power_opp, power_24. Qed.

Lemma u_small : 0 < u <= 1 / 2.
Proof. rewrite u_value. lra. Qed.

(** 2^24 steps of 2^e are held, too. *)
Lemma binary32_steps m e : (Z.abs m <= 2 ^ 24)%Z -> (-149 <= e)%Z -> binary32 (IZR m * power e).
Proof.
  intros Hm He. destruct (Z.eq_dec (Z.abs m) (2 ^ 24)) as [E|E].
  - exists (m / 2)%Z, (e + 1)%Z. rewrite power_plus, power_1.
    assert (D : m = (2 * (m / 2))%Z) by (apply Z.div_exact; [lia|]; destruct (Z.abs_spec m) as [[_ F]|[_ F]];
      [replace m with (2 ^ 24)%Z by lia | replace m with (- 2 ^ 24)%Z by lia]; reflexivity).
    split; [rewrite D at 1; rewrite mult_IZR; ring|]. split; lia.
  - exists m, e. split; [reflexivity|]. split; lia.
Qed.

Lemma binary32_0 : binary32 0.
Proof. exists 0%Z, 0%Z. split; [ring|]. split; [reflexivity|lia]. Qed.

Lemma nearest_integer r : {m : Z | Rabs (IZR m - r) <= 1 / 2}.
Proof.
  assert (H := archimed (r - 1 / 2)). exists (up (r - 1 / 2)). apply Rabs_le. lra.
Qed.

(** The exponent of a number. *)
Lemma exponent x :
  {e : Z | (-149 <= e)%Z /\ Rabs x < power (e + 24) /\ (e = (-149)%Z \/ power (e + 23) <= Rabs x)}.
Proof.
  enough (N : {n : nat | Rabs x < power (-125 + Z.of_nat n)}).
  { destruct N as [n Hx]. induction n as [|n IH].
    - exists (-149)%Z. split; [lia|]. split; [exact Hx|now left].
    - destruct (Rlt_le_dec (Rabs x) (power (-125 + Z.of_nat n))) as [H|H]; [now apply IH|].
      exists (-148 + Z.of_nat n)%Z. split; [lia|]. split.
      + replace (-148 + Z.of_nat n + 24)%Z with (-125 + Z.of_nat (S n))%Z by lia. exact Hx.
      + right. replace (-148 + Z.of_nat n + 23)%Z with (-125 + Z.of_nat n)%Z by lia. exact H. }
  apply constructive_indefinite_ground_description_nat.
  { intros n. destruct (Rlt_le_dec (Rabs x) (power (-125 + Z.of_nat n))); [now left|right; lra]. }
  destruct (Pow_x_infinity 2) with (b := Rabs x * power 125 + 1) as [n Hn]; [rewrite Rabs_pos_eq; lra|].
  specialize (Hn n (le_n n)). rewrite Rabs_pos_eq in Hn by (apply pow_le; lra). exists n.
  rewrite power_plus. unfold power at 2. rewrite <- pow_powerRZ.
  assert (E : power 125 * power (-125) = 1) by (rewrite <- power_plus; reflexivity).
  assert (P := power_pos (-125)). assert (0 <= Rabs x) by apply Rabs_pos. nra.
Qed.

(** Multiples of 2^e that are at least 2^(e+23) away from 0 have nothing of binary32 between them. *)
Lemma nearest_multiple x m e :
  (-149 <= e)%Z -> Rabs x < power (e + 24) -> e = (-149)%Z \/ power (e + 23) <= Rabs x ->
  Rabs (IZR m - x / power e) <= 1 / 2 -> nearest x (IZR m * power e).
Proof.
  intros He Hlt Hge Hm. assert (Hp := power_pos e). set (r := x / power e) in *.
  assert (Ex : x = r * power e) by (unfold r; field; lra).
  assert (Distance : forall n : Z, Rabs (IZR n * power e - x) = Rabs (IZR n - r) * power e).
  { intros n. replace (IZR n * power e - x) with ((IZR n - r) * power e) by (rewrite Ex at 1; ring).
    rewrite Rabs_mult, (Rabs_pos_eq (power e)); lra. }
  assert (Multiples : forall n : Z, Rabs (IZR m * power e - x) <= Rabs (IZR n * power e - x)).
  { intros n. rewrite !Distance. apply Rmult_le_compat_r; [lra|].
    destruct (Z.eq_dec n m) as [->|N]; [lra|].
    assert (1 <= Rabs (IZR n - IZR m)).
    { rewrite <- minus_IZR, <- abs_IZR. apply (IZR_le 1). lia. }
    assert (Rabs (IZR n - IZR m) <= Rabs (IZR n - r) + Rabs (IZR m - r)).
    { replace (IZR n - IZR m) with ((IZR n - r) - (IZR m - r)) by ring.
      unfold Rabs; repeat destruct Rcase_abs; lra. }
    lra. }
  split.
  - apply binary32_steps; [|assumption].
    assert (Rabs r < power 24).
    { rewrite Ex, Rabs_mult, (Rabs_pos_eq (power e)), power_plus in Hlt by lra. nra. }
    rewrite power_24 in H. apply Z.lt_succ_r. apply lt_IZR. rewrite abs_IZR, succ_IZR.
    change (2 ^ 24)%Z with 16777216%Z.
    assert (Rabs (IZR m) <= Rabs (IZR m - r) + Rabs r) by (unfold Rabs; repeat destruct Rcase_abs; lra). lra.
  - intros z (n & f & Ez & Hn & Hf).
    destruct (Z_le_gt_dec e f) as [H|H].
    + replace z with (IZR (n * 2 ^ (f - e)) * power e); [apply Multiples|].
      rewrite mult_IZR, <- power_IZR by lia. rewrite Ez. replace f with (f - e + e)%Z at 2 by lia.
      rewrite power_plus. ring.
    + destruct Hge as [Hge|Hge]; [lia|].
      assert (Hz : Rabs z <= power (e + 23)).
      { rewrite Ez, Rabs_mult, (Rabs_pos_eq (power f)) by (left; apply power_pos).
        apply Rle_trans with (power 24 * power f).
        - apply Rmult_le_compat_r; [left; apply power_pos|]. rewrite <- abs_IZR, power_IZR by lia. apply IZR_le. lia.
        - rewrite <- power_plus. apply power_le. lia. }
      assert (E23 : power (e + 23) = IZR (2 ^ 23) * power e) by (rewrite power_plus, (power_IZR 23) by lia; ring).
      destruct (Rle_lt_dec 0 x) as [Hx|Hx].
      * eapply Rle_trans; [apply (Multiples (2 ^ 23)%Z)|]. rewrite <- E23.
        rewrite (Rabs_pos_eq x) in Hge by assumption.
        unfold Rabs in *; repeat destruct Rcase_abs; lra.
      * eapply Rle_trans; [apply (Multiples (- 2 ^ 23)%Z)|]. rewrite opp_IZR.
        replace (- IZR (2 ^ 23) * power e) with (- power (e + 23)) by (rewrite E23; ring).
        rewrite (Rabs_left x) in Hge by assumption.
        unfold Rabs in *; repeat destruct Rcase_abs; lra.
Qed.

(** Every number has a nearest one, at half a step of its exponent. *)
Lemma nearest_exists x :
  {y : R | nearest x y /\ exists e, Rabs (y - x) <= power (e - 1) /\ (e = (-149)%Z \/ power (e + 23) <= Rabs x)}.
Proof.
  destruct (exponent x) as (e & He & Hlt & Hge). destruct (nearest_integer (x / power e)) as (m & Hm).
  assert (Hp := power_pos e).
  exists (IZR m * power e). split; [now apply nearest_multiple|]. exists e. split; [|assumption].
  replace (IZR m * power e - x) with ((IZR m - x / power e) * power e) by (field; lra).
  rewrite Rabs_mult, (Rabs_pos_eq (power e)) by lra.
  replace e with (1 + (e - 1))%Z at 2 by lia. rewrite power_plus, power_1. assert (P := power_pos (e - 1)). nra.
Qed.

(** One way to round. *)
Definition round (x : R) : R := proj1_sig (nearest_exists x).

Lemma round_rounded x : rounded x (round x).
Proof. intros _. exact (proj1 (proj2_sig (nearest_exists x))). Qed.

Lemma half_step e : power (e - 1) = u * power (e + 23).
Proof. unfold unit_roundoff. rewrite <- power_plus. f_equal. lia. Qed.

(** The standard model: a relative error of 2^-24, and 2^-150 where numbers are below 2^-126. *)
Lemma nearest_error x y : nearest x y -> Rabs (y - x) <= u * Rabs x + power (-150).
Proof.
  intros [_ H]. destruct (nearest_exists x) as (z & [Hz _] & e & He & Hx).
  specialize (H z Hz). assert (P := power_pos (-150)). assert (0 <= Rabs x) by apply Rabs_pos. assert (Hu := u_small).
  destruct Hx as [->|Hx].
  - change (-149 - 1)%Z with (-150)%Z in He. nra.
  - rewrite half_step in He. nra.
Qed.

Lemma nearest_error_normal x y : nearest x y -> power (-126) <= Rabs x -> Rabs (y - x) <= u * Rabs x.
Proof.
  intros [_ H] N. destruct (nearest_exists x) as (z & [Hz _] & e & He & Hx).
  specialize (H z Hz). assert (Hu := u_small). rewrite half_step in He.
  assert (power (e + 23) <= Rabs x) by (destruct Hx as [->|Hx]; [exact N|exact Hx]). nra.
Qed.

Lemma nearest_same x y : binary32 x -> nearest x y -> y = x.
Proof.
  intros Hx [_ H]. specialize (H x Hx). replace (x - x) with 0 in H by ring. rewrite Rabs_R0 in H.
  assert (y - x = 0) by (unfold Rabs in H; destruct Rcase_abs in H; lra). lra.
Qed.

(** All numbers of binary32 are integer multiples of 2^-149. *)
Lemma binary32_multiple x : binary32 x -> multiple (power (-149)) x.
Proof.
  intros (m & e & -> & _ & He). exists (m * 2 ^ (e + 149))%Z.
  rewrite mult_IZR, <- power_IZR by lia. rewrite Rmult_assoc, <- power_plus. do 2 f_equal. lia.
Qed.

(** Up to 2^24 steps of a power of two. *)
Lemma multiple_binary32 e x :
  (-149 <= e)%Z -> multiple (power e) x -> Rabs x <= power 24 * power e -> binary32 x.
Proof.
  intros He (n & ->) Hx. apply binary32_steps; [|assumption].
  assert (P := power_pos e). rewrite Rabs_mult, (Rabs_pos_eq (power e)) in Hx by lra.
  apply Rmult_le_reg_r in Hx; [|assumption]. apply le_IZR. now rewrite abs_IZR, <- power_IZR.
Qed.

Lemma multiple_plus s x y : multiple s x -> multiple s y -> multiple s (x + y).
Proof. intros (m & ->) (n & ->). exists (m + n)%Z. rewrite plus_IZR. ring. Qed.

Lemma multiple_0 s : multiple s 0.
Proof. exists 0%Z. ring. Qed.

(** Sums never lose anything to underflow. *)
Lemma nearest_sum_error x y z : binary32 x -> binary32 y -> nearest (x + y) z -> Rabs (z - (x + y)) <= u * Rabs (x + y).
Proof.
  intros Hx Hy Hz. destruct (Rle_lt_dec (power (-126)) (Rabs (x + y))) as [H|H]; [now apply nearest_error_normal|].
  rewrite (nearest_same (x + y) z); [|apply (multiple_binary32 (-149))|assumption].
  - rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. assert (0 <= Rabs (x + y)) by apply Rabs_pos.
    assert (Hu := u_small). nra.
  - lia.
  - apply multiple_plus; now apply binary32_multiple.
  - rewrite <- power_plus. assert (power (-126) <= power (24 + -149)) by (apply power_le; lia). lra.
Qed.

Lemma rounded_same x y : binary32 x -> Rabs x < overflow -> rounded x y -> y = x.
Proof. intros Hx Ho Hy. apply nearest_same; [assumption|]. now apply Hy. Qed.

Lemma rounded_0 y : rounded 0 y -> y = 0.
Proof.
  apply rounded_same; [exact binary32_0|]. rewrite Rabs_R0. unfold overflow.
  assert (power 103 < power 128); [|lra]. rewrite !power_IZR by lia. now apply IZR_lt.
Qed.

(** One way to add up: each product is rounded, the first one is added last. *)
Definition added_up (ps : list (R * R)) (bs : list R) : R :=
  fold_right (fun p y => round (round (fst p * snd p) + y)) (fold_right (fun b y => round (b + y)) 0 bs) ps.

Lemma added_up_summed ps bs : summed ps bs (added_up ps bs).
Proof.
  induction ps as [|[w x] ps IH].
  - induction bs as [|b bs IH]; [apply zero|]. exact (added [] [b] b [] bs _ _ (addend b) IH (round_rounded _)).
  - exact (added [(w, x)] [] _ ps bs _ _ (product w x _ (round_rounded _)) IH (round_rounded _)).
Qed.

Lemma divided_averaged count values : averaged count values (round (added_up [] values / count)).
Proof. left. exists (added_up [] values). split; [apply added_up_summed|apply round_rounded]. Qed.

(** * Powers of 1 + 2^-24 *)

(** The most by which [n] roundings may enlarge a number. *)
Definition growth (n : nat) : R := (1 + u) ^ n.

Lemma growth_ge_1 n : 1 <= growth n.
Proof. apply pow_R1_Rle. assert (H := u_small). lra. Qed.

Lemma growth_plus m n : growth (m + n) = growth m * growth n.
Proof. apply pow_add. Qed.

Lemma growth_le m n : (m <= n)%nat -> growth m <= growth n.
Proof. intros H. apply Rle_pow; [|assumption]. assert (U := u_small). lra. Qed.

(** Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, lemma 3.1. *)
Lemma growth_bound n : INR n < power 24 -> growth n - 1 <= INR n / (power 24 - INR n).
Proof.
  intros H. assert (U := u_small).
  assert (B : 1 - INR n * u <= (1 - u) ^ n).
  { clear H. induction n as [|n IH]; [simpl; lra|]. rewrite S_INR, <- tech_pow_Rmult.
    assert (0 <= INR n) by apply pos_INR. assert (P : 0 <= (1 - u) ^ n) by (apply pow_le; lra).
    assert ((1 - u) * (1 - INR n * u) <= (1 - u) * (1 - u) ^ n) by (apply Rmult_le_compat_l; lra).
    assert (0 <= INR n * (u * u)) by (apply Rmult_le_pos; nra). nra. }
  assert (C : growth n * (1 - u) ^ n <= 1).
  { unfold growth. rewrite <- Rpow_mult_distr. apply Rle_trans with (1 ^ n); [apply pow_incr; nra|rewrite pow1; lra]. }
  assert (G := growth_ge_1 n).
  assert (D : growth n * (1 - INR n * u) <= 1).
  { eapply Rle_trans; [|exact C]. apply Rmult_le_compat_l; lra. }
  rewrite u_value in D. rewrite power_24 in *.
  apply (Rmult_le_reg_r (16777216 - INR n)); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra.
  apply (Rmult_le_compat_l 16777216) in D; [|lra].
  replace (16777216 * (growth n * (1 - INR n * / 16777216))) with (growth n * (16777216 - INR n)) in D by field. lra.
Qed.

Lemma growth_le_2 n : INR n < power 23 -> growth n <= 2.
Proof.
  intros H. assert (E : power 24 = 2 * power 23) by (rewrite <- power_1, <- power_plus; reflexivity).
  assert (B := growth_bound n). assert (0 <= INR n) by apply pos_INR.
  assert (INR n / (power 24 - INR n) <= 1).
  { apply (Rmult_le_reg_r (power 24 - INR n)); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
  lra.
Qed.
