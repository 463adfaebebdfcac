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

(** * Sums *)

Definition exact_sum (ps : list (R * R)) (bs : list R) : R := sum ps (fun p => fst p * snd p) + sum bs (fun b => b).

Definition magnitude (ps : list (R * R)) (bs : list R) : R := sum ps (fun p => Rabs (fst p * snd p)) + sum bs Rabs.

(** Products with a weight that is not 0. *)
Definition weighted (ps : list (R * R)) : nat :=
  length (filter (fun p => if Req_EM_T (fst p) 0 then false else true) ps).

(** How many numbers are added up. *)
Definition counted (ps : list (R * R)) (bs : list R) : nat := (weighted ps + length bs)%nat.

Lemma weighted_app ps qs : weighted (ps ++ qs) = (weighted ps + weighted qs)%nat.
Proof. unfold weighted. now rewrite filter_app, app_length. Qed.

Lemma weighted_cons w x ps : weighted ((w, x) :: ps) = ((if Req_EM_T w 0 then 0 else 1) + weighted ps)%nat.
Proof. unfold weighted. cbn [filter fst]. now destruct (Req_EM_T w 0). Qed.

Lemma exact_sum_app ps qs bs cs : exact_sum (ps ++ qs) (bs ++ cs) = exact_sum ps bs + exact_sum qs cs.
Proof. unfold exact_sum. rewrite !sum_app. ring. Qed.

Lemma magnitude_app ps qs bs cs : magnitude (ps ++ qs) (bs ++ cs) = magnitude ps bs + magnitude qs cs.
Proof. unfold magnitude. rewrite !sum_app. ring. Qed.

Lemma exact_sum_cons w x ps bs : exact_sum ((w, x) :: ps) bs = w * x + exact_sum ps bs.
Proof. unfold exact_sum. cbn [sum fst snd]. ring. Qed.

Lemma magnitude_cons w x ps bs : magnitude ((w, x) :: ps) bs = Rabs (w * x) + magnitude ps bs.
Proof. unfold magnitude. cbn [sum fst snd]. ring. Qed.

Lemma magnitude_nonneg ps bs : 0 <= magnitude ps bs.
Proof.
  unfold magnitude. assert (0 <= sum ps (fun p => Rabs (fst p * snd p))) by (apply sum_nonneg; intros; apply Rabs_pos).
  assert (0 <= sum bs Rabs) by (apply sum_nonneg; intros; apply Rabs_pos). lra.
Qed.

Lemma sum_Rabs {A} (l : list A) f : Rabs (sum l f) <= sum l (fun a => Rabs (f a)).
Proof.
  induction l as [|a l IH]; cbn [sum]; [rewrite Rabs_R0; lra|]. eapply Rle_trans; [apply Rabs_triang|]. lra.
Qed.

Lemma exact_sum_le ps bs : Rabs (exact_sum ps bs) <= magnitude ps bs.
Proof.
  unfold exact_sum, magnitude. eapply Rle_trans; [apply Rabs_triang|].
  apply Rplus_le_compat; [apply (sum_Rabs ps (fun p => fst p * snd p))|apply (sum_Rabs bs (fun b => b))].
Qed.

Lemma sum_permuted {A} (l m : list A) f : Permutation l m -> sum l f = sum m f.
Proof. induction 1; cbn [sum]; lra. Qed.

Lemma filter_permuted {A} (f : A -> bool) l m : Permutation l m -> Permutation (filter f l) (filter f m).
Proof.
  induction 1; cbn [filter].
  - constructor.
  - destruct (f x); auto.
  - destruct (f x), (f y); auto using perm_swap.
  - eauto using perm_trans.
Qed.

(** Nothing is counted: everything is 0. *)
Lemma nothing_counted ps bs :
  counted ps bs = 0%nat -> exact_sum ps bs = 0 /\ magnitude ps bs = 0 /\ weighted ps = 0%nat.
Proof.
  unfold counted. intros H. destruct bs as [|b bs]; [|cbn [length] in H; lia].
  assert (W : weighted ps = 0%nat) by lia. clear H. split; [|split; [|exact W]].
  - induction ps as [|[w x] ps IH]; [unfold exact_sum; cbn; lra|].
    rewrite weighted_cons in W. destruct (Req_EM_T w 0) as [->|]; [|lia]. rewrite exact_sum_cons, IH by lia. ring.
  - induction ps as [|[w x] ps IH]; [unfold magnitude; cbn; lra|].
    rewrite weighted_cons in W. destruct (Req_EM_T w 0) as [->|]; [|lia].
    rewrite magnitude_cons, IH, Rmult_0_l, Rabs_R0 by lia. ring.
Qed.

(** How far a sum of [n] numbers, among them [w] products, may be from the exact one. *)
Definition lost (n w : nat) (size : R) : R := (growth n - 1) * size + INR w * growth n * power (-150).

Lemma lost_le m n v w a b : (m <= n)%nat -> (v <= w)%nat -> 0 <= a <= b -> lost m v a <= lost n w b.
Proof.
  intros Hn Hw Hs. unfold lost. assert (G := growth_le m n Hn). assert (G1 := growth_ge_1 m).
  assert (P := power_pos (-150)). assert (0 <= INR v) by apply pos_INR. apply le_INR in Hw.
  apply Rplus_le_compat; [apply Rmult_le_compat; lra|]. apply Rmult_le_compat_r; [lra|]. apply Rmult_le_compat; lra.
Qed.

(** The sum of two numbers with their losses. *)
Lemma lost_sum m n v w a b x y X Y z :
  Rabs X <= a -> Rabs Y <= b -> Rabs (x - X) <= lost m v a -> Rabs (y - Y) <= lost n w b -> (1 <= m)%nat ->
  (1 <= n)%nat ->
  Rabs (z - (x + y)) <= u * Rabs (x + y) ->
  Rabs (z - (X + Y)) <= lost (m + n) (v + w) (a + b).
Proof.
  intros HX HY Hx Hy Hm Hn Hz. assert (U := u_small).
  assert (T1 : Rabs (z - (X + Y)) <= Rabs (z - (x + y)) + Rabs (x - X) + Rabs (y - Y)).
  { replace (z - (X + Y)) with ((z - (x + y)) + (x - X) + (y - Y)) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. assert (H := Rabs_triang (z - (x + y)) (x - X)). lra. }
  assert (T2 : Rabs (x + y) <= a + b + Rabs (x - X) + Rabs (y - Y)).
  { replace (x + y) with ((X + Y) + ((x - X) + (y - Y))) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. assert (H := Rabs_triang X Y).
    assert (H' := Rabs_triang (x - X) (y - Y)). lra. }
  assert (Ha : 0 <= a) by (eapply Rle_trans; [apply Rabs_pos|eassumption]).
  assert (Hb : 0 <= b) by (eapply Rle_trans; [apply Rabs_pos|eassumption]).
  assert (One : forall k j c, 0 <= c -> lost (S k) j c = u * c + (1 + u) * lost k j c).
  { intros k j c _. unfold lost, growth. rewrite <- tech_pow_Rmult. ring. }
  assert (A : u * a + (1 + u) * lost m v a <= lost (m + n) v a).
  { rewrite <- One by assumption. apply lost_le; lia || lra. }
  assert (B : u * b + (1 + u) * lost n w b <= lost (m + n) w b).
  { rewrite <- One by assumption. apply lost_le; lia || lra. }
  assert (E : lost (m + n) (v + w) (a + b) = lost (m + n) v a + lost (m + n) w b).
  { unfold lost. rewrite plus_INR. ring. }
  rewrite E. nra.
Qed.

(** Nothing that is computed on the way is near to overflowing. *)
Lemma computed_size n w size x X :
  Rabs X <= size -> Rabs (x - X) <= lost n w size -> (w <= n)%nat -> INR n < power 23 ->
  Rabs x <= 2 * size + 2 * INR n * power (-150).
Proof.
  intros HX Hx Hw Hn. assert (G := growth_le_2 n Hn). assert (G1 := growth_ge_1 n).
  assert (T : Rabs x <= Rabs X + Rabs (x - X)).
  { replace x with (X + (x - X)) at 1 by ring. apply Rabs_triang. }
  assert (0 <= size) by (eapply Rle_trans; [apply Rabs_pos|eassumption]).
  apply le_INR in Hw. assert (0 <= INR w) by apply pos_INR. assert (P := power_pos (-150)).
  unfold lost in Hx.
  assert ((growth n - 1) * size <= 1 * size) by (apply Rmult_le_compat_r; lra).
  assert (INR w * growth n * power (-150) <= 2 * INR n * power (-150)).
  { apply Rmult_le_compat_r; [lra|]. rewrite (Rmult_comm 2). apply Rmult_le_compat; lra. }
  lra.
Qed.

Lemma below_overflow n size :
  INR n < power 23 -> size <= 3 / 2 * power 126 -> 2 * size + 2 * INR n * power (-150) < overflow.
Proof.
  intros Hn Hs. unfold overflow. assert (P := power_pos (-150)).
  assert (E : power 128 = 4 * power 126).
  { replace 4 with (power 2) by (now rewrite power_IZR). rewrite <- power_plus. reflexivity. }
  assert (T : 2 * INR n * power (-150) <= power (-126)).
  { apply Rle_trans with (power 24 * power (-150)); [|rewrite <- power_plus; apply Rle_refl].
    apply Rmult_le_compat_r; [lra|]. change 24%Z with (1 + 23)%Z. rewrite power_plus, power_1. lra. }
  assert (power (-126) < power 103 + power 103).
  { assert (power (-126) <= power 103) by (apply power_le; lia). assert (H' := power_pos 103). lra. }
  assert (power 103 * 1048576 <= power 126).
  { replace 1048576 with (power 20) by (now rewrite power_IZR). rewrite <- power_plus. apply power_le. lia. }
  assert (H' := power_pos 103). lra.
Qed.

(** The error of a sum, in any order: [n] numbers need at most [n] roundings, of which each product may lose 2^-150 in
    one. *)
Lemma summed_lost ps bs y :
  summed ps bs y -> (forall b, In b bs -> binary32 b) -> INR (counted ps bs) < power 23 ->
  magnitude ps bs <= 3 / 2 * power 126 ->
  binary32 y /\ Rabs (y - exact_sum ps bs) <= lost (counted ps bs) (weighted ps) (magnitude ps bs).
Proof.
  assert (U := u_small). assert (T := power_pos (-150)).
  induction 1 as [|b|w x y Hy|w x ps bs y H0 _ IH|ps bs y ps' bs' y' z _ IH _ IH' Hz|w x ps bs y z _ IH Hz
              |ps ps' bs bs' y Pp Pb _ IH];
    intros Hb Hn Hs.
  - split; [exact binary32_0|]. unfold exact_sum, lost, growth, magnitude. cbn. rewrite Rplus_0_r, Rminus_0_r, Rabs_R0.
    lra.
  - split; [apply Hb; now left|]. unfold exact_sum, lost, magnitude, counted. cbn [sum length weighted filter plus].
    replace (b - (0 + (b + 0))) with 0 by ring. rewrite Rabs_R0.
    assert (G := growth_ge_1 1). assert (P := Rabs_pos b). change (weighted []) with 0%nat. cbn [INR plus]. nra.
  - assert (E : exact_sum [(w, x)] [] = w * x) by (unfold exact_sum; cbn; ring).
    assert (M : magnitude [(w, x)] [] = Rabs (w * x)) by (unfold magnitude; cbn; ring).
    rewrite E, M in *. unfold counted in *. rewrite weighted_cons in *. change (weighted []) with 0%nat in *.
    destruct (Req_EM_T w 0) as [->|N]; cbn [plus length] in *.
    + rewrite Rmult_0_l in *. rewrite (rounded_0 y Hy), Rminus_0_r, Rabs_R0. split; [exact binary32_0|].
      unfold lost, growth. cbn. lra.
    + assert (Ho : Rabs (w * x) < overflow).
      { assert (B := below_overflow 1 (Rabs (w * x)) Hn Hs). cbn [INR] in B.
        assert (P := Rabs_pos (w * x)). lra. }
      specialize (Hy Ho). split; [apply Hy|]. eapply Rle_trans; [now apply nearest_error|].
      unfold lost, growth. cbn [INR pow]. rewrite Rmult_1_r. assert (P := Rabs_pos (w * x)). nra.
  - assert (E : w * x = 0) by (destruct H0 as [-> | ->]; ring).
    assert (C : (counted ps bs <= counted ((w, x) :: ps) bs)%nat /\ (weighted ps <= weighted ((w, x) :: ps))%nat).
    { unfold counted. rewrite weighted_cons. split; lia. }
    destruct C as [C C']. rewrite exact_sum_cons, magnitude_cons, E, Rabs_R0, !Rplus_0_l in *.
    assert (C'' := le_INR _ _ C).
    destruct IH as [IHb IH]; [assumption|lra|assumption|]. split; [assumption|].
    eapply Rle_trans; [exact IH|]. apply lost_le; [assumption..|]. split; [apply magnitude_nonneg|lra].
  - rewrite magnitude_app, exact_sum_app in *. unfold counted in Hn |- *. rewrite weighted_app, app_length in *.
    assert (M := magnitude_nonneg ps bs). assert (M' := magnitude_nonneg ps' bs').
    assert (Cn : INR (counted ps bs) < power 23 /\ INR (counted ps' bs') < power 23).
    { unfold counted. split; (eapply Rle_lt_trans; [|exact Hn]; apply le_INR; lia). }
    destruct IH as [Bx Hx]; [intros; apply Hb, in_or_app; now left|tauto|lra|].
    destruct IH' as [By Hy]; [intros; apply Hb, in_or_app; now right|tauto|lra|].
    replace (weighted ps + weighted ps' + (length bs + length bs'))%nat with (counted ps bs + counted ps' bs')%nat in *
      by (unfold counted; lia).
    assert (Sx := computed_size _ _ _ _ _ (exact_sum_le ps bs) Hx ltac:(unfold counted; lia) (proj1 Cn)).
    assert (Sy := computed_size _ _ _ _ _ (exact_sum_le ps' bs') Hy ltac:(unfold counted; lia) (proj2 Cn)).
    assert (Ho : Rabs (y + y') < overflow).
    { assert (B := below_overflow _ _ Hn Hs). rewrite plus_INR in B. assert (R := Rabs_triang y y'). lra. }
    specialize (Hz Ho).
    destruct (counted ps bs) as [|m] eqn:Em; [|destruct (counted ps' bs') as [|n] eqn:En].
    + destruct (nothing_counted ps bs Em) as (E0 & M0 & W0). rewrite E0, M0, W0 in *.
      assert (Y0 : y = 0).
      { unfold lost, growth in Hx. cbn in Hx. rewrite Rminus_0_r in Hx.
        assert (Rabs y <= 0) by lra. apply Rabs_eq_0 || idtac. unfold Rabs in H; destruct Rcase_abs in H; lra. }
      subst y. rewrite !Rplus_0_l in *. apply nearest_same in Hz; [|assumption]. subst z. cbn [plus]. now split.
    + destruct (nothing_counted ps' bs' En) as (E0 & M0 & W0). rewrite E0, M0, W0 in *.
      assert (Y0 : y' = 0).
      { unfold lost, growth in Hy. cbn in Hy. rewrite Rminus_0_r in Hy.
        assert (Rabs y' <= 0) by lra. unfold Rabs in H; destruct Rcase_abs in H; lra. }
      subst y'. rewrite !Rplus_0_r in *. rewrite !Nat.add_0_r in *. apply nearest_same in Hz; [|assumption]. subst z.
      now split.
    + split; [apply Hz|]. eapply lost_sum; [apply exact_sum_le|apply exact_sum_le|exact Hx|exact Hy|lia|lia|].
      now apply nearest_sum_error.
  - rewrite magnitude_cons, exact_sum_cons in *. unfold counted in Hn |- *. rewrite weighted_cons in *.
    assert (M := magnitude_nonneg ps bs).
    assert (P := Rabs_pos (w * x)).
    assert (Cn : INR (counted ps bs) < power 23).
    { eapply Rle_lt_trans; [|exact Hn]. apply le_INR. unfold counted. lia. }
    destruct IH as [By Hy]; [assumption|assumption|lra|].
    assert (Sy := computed_size _ _ _ _ _ (exact_sum_le ps bs) Hy ltac:(unfold counted; lia) Cn).
    assert (Ho : Rabs (w * x + y) < overflow).
    { assert (B := below_overflow _ _ Cn Hs). assert (R := Rabs_triang (w * x) y). lra. }
    specialize (Hz Ho).
    destruct (Req_EM_T w 0) as [->|N].
    + rewrite Rmult_0_l, Rabs_R0, !Rplus_0_l in *. apply nearest_same in Hz; [|assumption]. subst z. now split.
    + split; [apply Hz|]. apply nearest_error in Hz. fold (counted ps bs) in Hn |- *.
      replace (1 + weighted ps + length bs)%nat with (S (counted ps bs)) in * by (unfold counted; lia).
      set (n := counted ps bs) in *. set (v := weighted ps) in *.
      assert (L : lost (S n) (1 + v) (Rabs (w * x) + magnitude ps bs)
                  = (growth (S n) - 1) * Rabs (w * x) + u * magnitude ps bs + (1 + u) * lost n v (magnitude ps bs)
                    + growth (S n) * power (-150)).
      { unfold lost. rewrite plus_INR. cbn [INR]. unfold growth. rewrite <- tech_pow_Rmult. ring. }
      rewrite L. assert (G := growth_le 1 (S n) ltac:(lia)). unfold growth at 1 in G. rewrite pow_1 in G.
      assert (Q := exact_sum_le ps bs).
      assert (T1 : Rabs (z - (w * x + exact_sum ps bs)) <= Rabs (z - (w * x + y)) + Rabs (y - exact_sum ps bs)).
      { replace (z - (w * x + exact_sum ps bs)) with ((z - (w * x + y)) + (y - exact_sum ps bs)) by ring.
        apply Rabs_triang. }
      assert (T2 : Rabs (w * x + y) <= Rabs (w * x) + magnitude ps bs + Rabs (y - exact_sum ps bs)).
      { replace (w * x + y) with (w * x + (exact_sum ps bs + (y - exact_sum ps bs))) by ring.
        eapply Rle_trans; [apply Rabs_triang|]. assert (R := Rabs_triang (exact_sum ps bs) (y - exact_sum ps bs)).
        lra. }
      nra.
  - unfold exact_sum, magnitude, counted, weighted in *.
    rewrite <- (sum_permuted _ _ _ Pp), <- (sum_permuted _ _ _ Pb), <- (sum_permuted _ _ (fun p => Rabs _) Pp),
      <- (sum_permuted _ _ Rabs Pb),
      <- (Permutation_length Pb), <- (Permutation_length (filter_permuted _ _ _ Pp)) in *.
    apply IH; [|assumption|assumption]. intros b Hin. apply Hb. now apply (Permutation_in _ Pb).
Qed.

(** The bounds of THEOREM.md in place of powers of 1 + 2^-24. *)
Lemma lost_bound n w k size :
  (n <= k)%nat -> (w <= k)%nat -> INR k < power 23 -> 0 <= size ->
  lost n w size <= INR k / (power 24 - INR k) * size + 2 * INR k * power (-150).
Proof.
  intros Hn Hw Hk Hs. assert (L := lost_le n k w k size size Hn Hw ltac:(lra)).
  assert (P := power_pos (-150)). assert (0 <= INR k) by apply pos_INR.
  assert (power 23 <= power 24) by (apply power_le; lia).
  assert (B := growth_bound k ltac:(lra)). assert (G := growth_le_2 k Hk).
  eapply Rle_trans; [exact L|]. unfold lost. apply Rplus_le_compat.
  - apply Rmult_le_compat_r; assumption.
  - apply Rmult_le_compat_r; [lra|]. nra.
Qed.

Lemma power_148 : power (-148) = 4 * power (-150).
Proof. replace 4 with (power 2) by (now rewrite power_IZR). now rewrite <- power_plus. Qed.

Theorem summed_error ps bs y k :
  summed ps bs y -> (forall b, In b bs -> binary32 b) -> magnitude ps bs < power 126 ->
  (counted ps bs <= k)%nat -> INR k < power 23 ->
  binary32 y /\
  Rabs (y - exact_sum ps bs) <= INR k / (power 24 - INR k) * magnitude ps bs + INR k * power (-148).
Proof.
  intros H Hb Hs Hc Hk. assert (P := power_pos (-150)). assert (0 <= INR k) by apply pos_INR.
  assert (P' := power_pos 126).
  destruct (summed_lost ps bs y H Hb) as [By Hy]; [|lra|].
  - eapply Rle_lt_trans; [|exact Hk]. now apply le_INR.
  - split; [exact By|]. eapply Rle_trans; [exact Hy|]. eapply Rle_trans.
    + apply (lost_bound _ _ k); [exact Hc| |exact Hk|apply magnitude_nonneg]. unfold counted in Hc. lia.
    + rewrite power_148. nra.
Qed.

(** ** Exact sums *)

Lemma multiple_steps e x : multiple (power e) x -> (-149 <= e <= 100)%Z -> Rabs x <= power 24 * power e ->
  binary32 x /\ Rabs x < overflow.
Proof.
  intros Hm He Hx. split; [apply (multiple_binary32 e); [lia|assumption..]|].
  eapply Rle_lt_trans; [exact Hx|]. rewrite <- power_plus. unfold overflow.
  assert (power (24 + e) <= power 124) by (apply power_le; lia).
  assert (power 103 <= power 124) by (apply power_le; lia).
  assert (E : power 128 = 16 * power 124).
  { replace 16 with (power 4) by (now rewrite power_IZR). rewrite <- power_plus. reflexivity. }
  assert (P := power_pos 124). lra.
Qed.

(** In steps of 2^e, at most 2^24 of them, nothing is rounded. *)
Theorem summed_exact ps bs y e :
  summed ps bs y -> (-149 <= e <= 100)%Z ->
  (forall p, In p ps -> multiple (power e) (fst p * snd p)) -> (forall b, In b bs -> multiple (power e) b) ->
  magnitude ps bs <= power 24 * power e ->
  y = exact_sum ps bs /\ binary32 y /\ multiple (power e) y.
Proof.
  intros H He.
  assert (Enough : y = exact_sum ps bs /\ multiple (power e) (exact_sum ps bs) ->
    magnitude ps bs <= power 24 * power e ->
    y = exact_sum ps bs /\ binary32 y /\ multiple (power e) y).
  { intros [-> M] S. split; [reflexivity|]. split; [|exact M].
    apply (multiple_steps e); [exact M|exact He|]. eapply Rle_trans; [apply exact_sum_le|exact S]. }
  intros Hp Hb Hs. apply Enough; [|exact Hs]. clear Enough.
  induction H as [|b|w x y Hy|w x ps bs y H0 _ IH|ps bs y ps' bs' y' z _ IH _ IH' Hz|w x ps bs y z _ IH Hz
                |ps ps' bs bs' y Pp Pb _ IH].
  - unfold exact_sum. cbn. rewrite Rplus_0_r. split; [reflexivity|apply multiple_0].
  - assert (E : exact_sum [] [b] = b) by (unfold exact_sum; cbn; ring). rewrite E. split; [reflexivity|]. apply Hb.
    now left.
  - assert (E : exact_sum [(w, x)] [] = w * x) by (unfold exact_sum; cbn; ring).
    assert (M := Hp (w, x) (or_introl eq_refl)). cbn [fst snd] in M.
    assert (S := exact_sum_le [(w, x)] []). rewrite E in *.
    destruct (multiple_steps e (w * x) M He ltac:(lra)) as [B O]. split; [now apply rounded_same|exact M].
  - assert (E : w * x = 0) by (destruct H0 as [-> | ->]; ring).
    rewrite exact_sum_cons. rewrite magnitude_cons, E, Rabs_R0 in *. rewrite !Rplus_0_l in *.
    apply IH; [intros; apply Hp; now right|assumption..].
  - rewrite exact_sum_app. rewrite magnitude_app in Hs.
    assert (M := magnitude_nonneg ps bs). assert (M' := magnitude_nonneg ps' bs').
    destruct IH as [-> Hx]; [intros; apply Hp, in_or_app; now left|intros; apply Hb, in_or_app; now left|lra|].
    destruct IH' as [-> Hx']; [intros; apply Hp, in_or_app; now right|intros; apply Hb, in_or_app; now right|lra|].
    assert (S := multiple_plus _ _ _ Hx Hx'). split; [|exact S].
    assert (L := exact_sum_le ps bs). assert (L' := exact_sum_le ps' bs').
    assert (T := Rabs_triang (exact_sum ps bs) (exact_sum ps' bs')).
    destruct (multiple_steps e _ S He ltac:(lra)) as [B O]. now apply rounded_same.
  - rewrite exact_sum_cons. rewrite magnitude_cons in Hs. assert (P := Rabs_pos (w * x)).
    destruct IH as [-> Hx]; [intros; apply Hp; now right|assumption|lra|].
    assert (M := Hp (w, x) (or_introl eq_refl)). cbn [fst snd] in M.
    assert (S := multiple_plus _ _ _ M Hx). split; [|exact S].
    assert (L := exact_sum_le ps bs). assert (T := Rabs_triang (w * x) (exact_sum ps bs)).
    destruct (multiple_steps e _ S He ltac:(lra)) as [B O]. now apply rounded_same.
  - assert (E : exact_sum ps' bs' = exact_sum ps bs).
    { unfold exact_sum. now rewrite <- (sum_permuted _ _ _ Pp), <- (sum_permuted _ _ _ Pb). }
    assert (F : magnitude ps' bs' = magnitude ps bs).
    { unfold magnitude. now rewrite <- (sum_permuted _ _ _ Pp), <- (sum_permuted _ _ _ Pb). }
    rewrite E. rewrite F in Hs. apply IH; [| |assumption].
    + intros p I. apply Hp. now apply (Permutation_in _ Pp).
    + intros b I. apply Hb. now apply (Permutation_in _ Pb).
Qed.

(** * Means *)

Lemma sum_pairs r values : exact_sum (map (pair r) values) [] = r * sum values (fun v => v).
Proof. unfold exact_sum. cbn [sum]. rewrite sum_map. cbn [fst snd]. rewrite sum_scale. ring. Qed.

Lemma magnitude_pairs r values : magnitude (map (pair r) values) [] = Rabs r * sum values Rabs.
Proof.
  unfold magnitude. cbn [sum]. rewrite sum_map. cbn [fst snd]. rewrite <- sum_scale, Rplus_0_r.
  apply sum_ext. intros v _. apply Rabs_mult.
Qed.

Lemma exact_values values : exact_sum [] values = sum values (fun v => v).
Proof. unfold exact_sum. cbn [sum]. ring. Qed.

Lemma magnitude_values values : magnitude [] values = sum values Rabs.
Proof. unfold magnitude. cbn [sum]. ring. Qed.

Lemma weighted_le ps : (weighted ps <= length ps)%nat.
Proof.
  unfold weighted. induction ps as [|p ps IH]; cbn [filter length]; [lia|].
  destruct (Req_EM_T (fst p) 0); cbn [length]; lia.
Qed.

(** A rounded reciprocal of a count. *)
Lemma reciprocal count r :
  1 <= count -> count < power 23 -> rounded (1 / count) r -> binary32 r /\ Rabs (r - / count) <= u * / count.
Proof.
  intros Hc Hc' Hr. assert (I : 0 < / count) by (apply Rinv_0_lt_compat; lra).
  assert (I1 : / count <= 1) by (rewrite <- Rinv_1; apply Rinv_le_contravar; lra).
  unfold rounded in Hr. replace (1 / count) with (/ count) in Hr by (field; lra).
  rewrite Rabs_pos_eq in Hr by lra.
  assert (B := below_overflow 0 1 ltac:(apply power_pos)). cbn [INR] in B.
  assert (1 <= power 126) by (change 1 with (power 0); apply power_le; lia).
  specialize (Hr ltac:(lra)). split; [apply Hr|].
  apply nearest_error_normal in Hr; rewrite (Rabs_pos_eq (/ count)) in * by lra; [exact Hr|].
  apply Rle_trans with (power (-23)); [apply power_le; lia|]. change (-23)%Z with (- (23))%Z. rewrite power_opp.
  apply Rinv_le_contravar; lra.
Qed.

(** Dividing a sum takes one rounding more, multiplying by a rounded reciprocal two. *)
Theorem averaged_error count values y k :
  averaged count values y -> (forall v, In v values -> binary32 v) -> 1 <= count -> count < power 23 ->
  sum values Rabs < power 126 -> (length values + 2 <= k)%nat -> INR k < power 23 ->
  binary32 y /\
  Rabs (y - sum values (fun v => v) / count)
    <= INR k / (power 24 - INR k) * sum values Rabs / count + INR k * power (-148).
Proof.
  intros H Hv Hc Hc' Hs Hk Hk'. assert (U := u_small). assert (T := power_pos (-150)). assert (P126 := power_pos 126).
  set (n := length values) in *. set (S := sum values Rabs) in *. set (X := sum values (fun v => v)).
  assert (I : 0 < / count) by (apply Rinv_0_lt_compat; lra).
  assert (I1 : / count <= 1) by (rewrite <- Rinv_1; apply Rinv_le_contravar; lra).
  assert (S0 : 0 <= S) by (apply sum_nonneg; intros; apply Rabs_pos).
  assert (XS : Rabs X <= S) by apply (sum_Rabs values (fun v => v)).
  assert (Nk : INR n + 2 <= INR k) by (apply le_INR in Hk; rewrite plus_INR in Hk; cbn [INR] in Hk; lra).
  assert (N0 : 0 <= INR n) by apply pos_INR.
  assert (G1 := growth_ge_1 n).
  assert (Q0 : 0 <= S * / count) by (apply Rmult_le_pos; lra).
  assert (Q1 : S * / count <= S) by (rewrite <- (Rmult_1_r S) at 2; apply Rmult_le_compat_l; lra).
  (* What has to be shown of the three ways. *)
  assert (Enough : Rabs (y - X * / count) <= (growth (n + 2) - 1) * (S * / count) + INR k * growth n * power (-150) ->
    Rabs (y - X / count) <= INR k / (power 24 - INR k) * S / count + INR k * power (-148)).
  { intros E. change (X / count) with (X * / count). eapply Rle_trans; [exact E|]. rewrite power_148.
    assert (power 23 <= power 24) by (apply power_le; lia).
    assert (B := growth_bound k ltac:(lra)). assert (G := growth_le (n + 2) k Hk).
    assert (G' := growth_le_2 n ltac:(lra)).
    set (a := INR k / (power 24 - INR k)) in *. replace (a * S / count) with (a * (S * / count)) by (unfold Rdiv; ring).
    apply Rplus_le_compat; [apply Rmult_le_compat_r; lra|].
    replace (INR k * (4 * power (-150))) with (INR k * 4 * power (-150)) by ring.
    apply Rmult_le_compat_r; [lra|]. apply Rmult_le_compat_l; lra. }
  assert (Grow : growth (n + 2) = growth n * (1 + u) * (1 + u))
    by (rewrite growth_plus; unfold growth; cbn [pow]; ring).
  assert (Total : forall total, summed [] values total ->
    binary32 total /\ Rabs (total - X) <= (growth n - 1) * S /\
    Rabs total <= growth n * S /\ 5 / 4 * Rabs total < overflow).
  { intros total Ht. destruct (summed_lost [] values total Ht Hv) as [Bt Et].
    - unfold counted. cbn [plus weighted filter length]. fold n. change (weighted [] + n)%nat with n. lra.
    - rewrite magnitude_values. fold S. lra.
    - rewrite magnitude_values, exact_values in Et. fold S X in Et.
      unfold counted in Et. change (weighted []) with 0%nat in Et. cbn [plus] in Et. fold n in Et.
      assert (C := computed_size n 0 S total X XS Et ltac:(lia) ltac:(lra)).
      assert (B := below_overflow n (5 / 4 * S + 1 / 4 * power 126) ltac:(lra) ltac:(lra)).
      assert (INR n * power (-150) <= power 126).
      { change 126%Z with (23 + 103)%Z. rewrite power_plus.
        assert (power (-150) <= power 103) by (apply power_le; lia). apply Rmult_le_compat; lra. }
      unfold lost in Et. cbn [INR] in Et. rewrite !Rmult_0_l, Rplus_0_r in Et.
      split; [exact Bt|]. split; [exact Et|]. split; [|lra].
      replace total with (X + (total - X)) by ring. eapply Rle_trans; [apply Rabs_triang|]. lra. }
  destruct H as [(total & Ht & Hy)|[(total & r & Ht & Hr & Hy)|(r & Hr & Hy)]].
  - destruct (Total total Ht) as (_ & Et & St & Ot).
    assert (Hd : Rabs (total / count) = Rabs total * / count).
    { unfold Rdiv. now rewrite Rabs_mult, (Rabs_pos_eq (/ count)) by lra. }
    assert (Pt := Rabs_pos total).
    assert (Ho : Rabs (total / count) < overflow) by (rewrite Hd; nra).
    specialize (Hy Ho). split; [apply Hy|]. apply Enough. apply nearest_error in Hy. rewrite Hd in Hy.
    assert (Rabs total * / count <= growth n * (S * / count)).
    { rewrite <- Rmult_assoc. apply Rmult_le_compat_r; lra. }
    assert (D : Rabs (total / count - X * / count) <= (growth n - 1) * (S * / count)).
    { replace (total / count - X * / count) with ((total - X) * / count) by (unfold Rdiv; ring).
      rewrite Rabs_mult, (Rabs_pos_eq (/ count)), <- Rmult_assoc by lra. apply Rmult_le_compat_r; lra. }
    assert (R : Rabs (y - X * / count) <= Rabs (y - total / count) + Rabs (total / count - X * / count)).
    { replace (y - X * / count) with ((y - total / count) + (total / count - X * / count)) by ring. apply Rabs_triang. }
    rewrite Grow. set (q := S * / count) in *. set (g := growth n) in *.
    assert (0 <= u * (g * q)) by (repeat apply Rmult_le_pos; lra).
    assert (power (-150) <= INR k * g * power (-150)).
    { rewrite <- (Rmult_1_l (power (-150))) at 1. apply Rmult_le_compat_r; [lra|]. nra. }
    assert (0 <= u * (u * (g * q))) by (repeat apply Rmult_le_pos; lra).
    assert (u * (Rabs total * / count) <= u * (g * q)) by (apply Rmult_le_compat_l; lra).
    replace ((g * (1 + u) * (1 + u) - 1) * q) with ((g - 1) * q + 2 * (u * (g * q)) + u * (u * (g * q))) by ring. lra.
  - destruct (Total total Ht) as (_ & Et & St & Ot). destruct (reciprocal count r Hc Hc' Hr) as [_ Er].
    assert (Pt := Rabs_pos total).
    assert (Sr : Rabs r <= (1 + u) * / count).
    { replace r with (/ count + (r - / count)) by ring. eapply Rle_trans; [apply Rabs_triang|].
      rewrite (Rabs_pos_eq (/ count)) by lra. lra. }
    assert (Pr := Rabs_pos r).
    set (q := S * / count) in *. set (g := growth n) in *.
    assert (Q : Rabs (total * r) <= (1 + u) * (g * q)).
    { rewrite Rabs_mult. unfold q. replace ((1 + u) * (g * (S * / count))) with (g * S * ((1 + u) * / count)) by ring.
      apply Rmult_le_compat; lra. }
    assert (Ho : Rabs (total * r) < overflow).
    { assert (Rabs total * Rabs r <= Rabs total * (5 / 4)).
      { apply Rmult_le_compat_l; [exact Pt|]. eapply Rle_trans; [exact Sr|]. rewrite u_value. lra. }
      rewrite Rabs_mult. lra. }
    specialize (Hy Ho). split; [apply Hy|]. apply Enough. apply nearest_error in Hy.
    assert (D1 : Rabs (total * (r - / count)) <= u * (g * q)).
    { rewrite Rabs_mult. unfold q. replace (u * (g * (S * / count))) with (g * S * (u * / count)) by ring.
      apply Rmult_le_compat; try lra. apply Rabs_pos. }
    assert (D2 : Rabs ((total - X) * / count) <= (g - 1) * q).
    { rewrite Rabs_mult, (Rabs_pos_eq (/ count)) by lra. unfold q. rewrite <- Rmult_assoc.
      apply Rmult_le_compat_r; lra. }
    assert (R : Rabs (y - X * / count) <= Rabs (y - total * r) + Rabs (total * (r - / count))
      + Rabs ((total - X) * / count)).
    { replace (y - X * / count) with ((y - total * r) + total * (r - / count) + (total - X) * / count) by ring.
      eapply Rle_trans; [apply Rabs_triang|]. assert (R' := Rabs_triang (y - total * r) (total * (r - / count))). lra. }
    rewrite Grow. fold g.
    assert (power (-150) <= INR k * g * power (-150)).
    { rewrite <- (Rmult_1_l (power (-150))) at 1. apply Rmult_le_compat_r; [lra|]. nra. }
    assert (u * Rabs (total * r) <= u * ((1 + u) * (g * q))) by (apply Rmult_le_compat_l; lra).
    replace ((g * (1 + u) * (1 + u) - 1) * q) with ((g - 1) * q + u * (g * q) + u * ((1 + u) * (g * q))) by ring. lra.
  - destruct (reciprocal count r Hc Hc' Hr) as [_ Er].
    assert (Sr : Rabs r <= (1 + u) * / count).
    { replace r with (/ count + (r - / count)) by ring. eapply Rle_trans; [apply Rabs_triang|].
      rewrite (Rabs_pos_eq (/ count)) by lra. lra. }
    assert (Pr := Rabs_pos r).
    assert (Wk : (weighted (map (pair r) values) <= n)%nat) by (unfold n; rewrite <- (map_length (pair r));
      apply weighted_le).
    assert (Ck : (counted (map (pair r) values) [] <= n)%nat) by (unfold counted; cbn [length]; lia).
    set (q := S * / count) in *. set (g := growth n) in *.
    assert (Mq : magnitude (map (pair r) values) [] <= (1 + u) * q).
    { rewrite magnitude_pairs. fold S. unfold q. replace ((1 + u) * (S * / count)) with ((1 + u) * / count * S) by ring.
      apply Rmult_le_compat_r; lra. }
    destruct (summed_lost _ [] y Hy) as [By Ey]; [intros b []| | |].
    + apply le_INR in Ck. lra.
    + assert ((1 + u) * q <= 3 / 2 * q) by (apply Rmult_le_compat_r; lra). lra.
    + split; [exact By|]. apply Enough.
      assert (L := lost_le _ n _ n _ _ Ck Wk (conj (magnitude_nonneg (map (pair r) values) []) Mq)).
      unfold lost in L at 2. fold g in L. rewrite sum_pairs in Ey. fold X in Ey.
      assert (D : Rabs (r * X - X * / count) <= u * q).
      { replace (r * X - X * / count) with ((r - / count) * X) by ring. rewrite Rabs_mult. unfold q.
        replace (u * (S * / count)) with (u * / count * S) by ring. apply Rmult_le_compat; try apply Rabs_pos; lra. }
      assert (R : Rabs (y - X * / count) <= Rabs (y - r * X) + Rabs (r * X - X * / count)).
      { replace (y - X * / count) with ((y - r * X) + (r * X - X * / count)) by ring. apply Rabs_triang. }
      rewrite Grow. fold g.
      assert (INR n * g * power (-150) <= INR k * g * power (-150)).
      { apply Rmult_le_compat_r; [lra|]. apply Rmult_le_compat_r; lra. }
      assert (0 <= u * ((1 + u) * (g * q))) by (repeat apply Rmult_le_pos; lra).
      replace ((g * (1 + u) * (1 + u) - 1) * q) with ((g - 1) * ((1 + u) * q) + u * q + u * ((1 + u) * (g * q)))
        by ring. lra.
Qed.

(** Means by a power of two, in steps. *)
Theorem averaged_exact j e values y :
  averaged (power j) values y -> (0 <= j)%Z -> (e <= 0)%Z -> (-126 <= e - j)%Z ->
  (forall v, In v values -> multiple (power e) v) -> sum values Rabs <= power 24 * power e ->
  y = sum values (fun v => v) / power j /\ binary32 y /\ multiple (power (e - j)) y.
Proof.
  intros H Hj He Hej Hv Hs. assert (Pj := power_pos j). assert (Pe := power_pos e).
  assert (Ej : power (e - j) = power e / power j).
  { unfold Z.sub. rewrite power_plus, power_opp. reflexivity. }
  assert (I : 0 < / power j) by (now apply Rinv_0_lt_compat).
  assert (Total : forall total, summed [] values total ->
    total = sum values (fun v => v) /\ multiple (power e) total /\ Rabs total <= power 24 * power e).
  { intros total Ht. destruct (summed_exact [] values total e Ht) as (E & _ & M); [lia|intros p []|exact Hv| |].
    - now rewrite magnitude_values.
    - rewrite exact_values in E. split; [exact E|]. split; [exact M|]. rewrite E.
      eapply Rle_trans; [apply (sum_Rabs values (fun v => v))|exact Hs]. }
  assert (Divided : forall x, multiple (power e) x -> Rabs x <= power 24 * power e ->
    multiple (power (e - j)) (x / power j) /\ binary32 (x / power j) /\ Rabs (x / power j) < overflow).
  { intros x M S. assert (M' : multiple (power (e - j)) (x / power j)).
    { destruct M as (n & ->). exists n. rewrite Ej. unfold Rdiv. ring. }
    split; [exact M'|]. apply (multiple_steps (e - j)); [exact M'|lia|].
    unfold Rdiv. rewrite Rabs_mult, (Rabs_pos_eq (/ power j)), Ej by lra. unfold Rdiv. rewrite <- Rmult_assoc.
    apply Rmult_le_compat_r; lra. }
  assert (Reciprocal : forall r, rounded (1 / power j) r -> r = / power j).
  { intros r Hr. replace (1 / power j) with (/ power j) in Hr by (unfold Rdiv; ring).
    assert (M : multiple (power (- j)) (/ power j)) by (exists 1%Z; rewrite power_opp; ring).
    destruct (multiple_steps (- j) (/ power j) M) as [B O]; [lia| |now apply rounded_same].
    rewrite Rabs_pos_eq, power_opp, power_24 by lra. lra. }
  destruct H as [(total & Ht & Hy)|[(total & r & Ht & Hr & Hy)|(r & Hr & Hy)]].
  - destruct (Total total Ht) as (<- & M & S). destruct (Divided total M S) as (M' & B & O).
    rewrite (rounded_same _ _ B O Hy). auto.
  - destruct (Total total Ht) as (<- & M & S). destruct (Divided total M S) as (M' & B & O).
    rewrite (Reciprocal r Hr) in Hy. rewrite (rounded_same _ _ B O Hy). auto.
  - rewrite (Reciprocal r Hr) in Hy.
    destruct (summed_exact _ [] y (e - j) Hy) as (E & B & M); [lia| |intros b []| |].
    + intros p (v & <- & Iv)%in_map_iff. cbn [fst snd]. destruct (Hv v Iv) as (n & ->). exists n. rewrite Ej.
      unfold Rdiv. ring.
    + rewrite magnitude_pairs, (Rabs_pos_eq (/ power j)), Ej by lra. unfold Rdiv. rewrite <- Rmult_assoc, Rmult_comm.
      apply Rmult_le_compat_r; lra.
    + rewrite sum_pairs in E. split; [|auto]. rewrite E. unfold Rdiv. ring.
Qed.

(** * An example: the order matters *)

(** 2^24 + 1 lies halfway between two numbers of binary32, and may become either. *)
Lemma halfway : nearest (16777216 + 1) 16777216 /\ nearest (16777216 + 1) 16777218.
Proof.
  assert (B : Rabs (16777216 + 1) < power (1 + 24) /\ power (1 + 23) <= Rabs (16777216 + 1)).
  { rewrite Rabs_pos_eq, !power_IZR by (lia || lra). change (2 ^ (1 + 24))%Z with 33554432%Z.
    change (2 ^ (1 + 23))%Z with 16777216%Z. lra. }
  assert (H : forall m, Rabs (IZR m - (16777216 + 1) / 2) <= 1 / 2 -> nearest (16777216 + 1) (IZR m * 2)).
  { intros m Hm. rewrite <- power_1. apply (nearest_multiple _ m 1); [lia|tauto|tauto|]. now rewrite power_1. }
  split.
  - replace 16777216 with (8388608 * 2) at 2 by ring. apply H. rewrite Rabs_left; lra.
  - replace 16777218 with (8388609 * 2) by ring. apply H. rewrite Rabs_pos_eq; lra.
Qed.

(** 2^24 + 1 - 2^24 may come out as 1, but as 0 and 2 as well. *)
Lemma orders :
  summed [] [16777216; 1; - 16777216] 1 /\ summed [] [16777216; 1; - 16777216] 0 /\
    summed [] [16777216; 1; - 16777216] 2.
Proof.
  destruct halfway as [Down Up].
  assert (Held : forall m : Z, (Z.abs m <= 2 ^ 24)%Z -> binary32 (IZR m)).
  { intros m Hm. replace (IZR m) with (IZR m * power 0) by (cbn; ring). apply binary32_steps; lia. }
  assert (Same : forall x, binary32 x -> rounded x x).
  { intros x Hx _. split; [exact Hx|]. intros z _. rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. apply Rabs_pos. }
  split; [|split].
  - (* first the two large ones *)
    apply (permuted [] [] [1; 16777216; - 16777216]); [constructor|apply perm_swap|].
    apply (added [] [1] 1 [] [16777216; - 16777216] 0); [apply addend| |rewrite Rplus_0_r; apply Same, (Held 1%Z); lia].
    apply (added [] [16777216] 16777216 [] [- 16777216] (- 16777216)); [apply addend..|].
    rewrite Rplus_opp_r. apply Same, (Held 0%Z). lia.
  - apply (added [] [16777216; 1] 16777216 [] [- 16777216] (- 16777216)); [|apply addend|].
    + apply (added [] [16777216] 16777216 [] [1] 1); [apply addend..|]. now intros _.
    + rewrite Rplus_opp_r. apply Same, (Held 0%Z). lia.
  - apply (added [] [16777216; 1] 16777218 [] [- 16777216] (- 16777216)); [|apply addend|].
    + apply (added [] [16777216] 16777216 [] [1] 1); [apply addend..|]. now intros _.
    + replace (16777218 + - 16777216) with 2 by ring. apply Same, (Held 2%Z). lia.
Qed.
