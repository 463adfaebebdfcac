(** Sums that are computed in binary32, in any order: how far they are from exact ones, and when they are exact
    (THEOREM.md, section 7). [Binary32.v] defines them. *)

From Coq Require Import Reals ZArith List Permutation ConstructiveEpsilon Lra Lia.
From ExactCNN Require Import Sums Binary32.
Import ListNotations.
Open Scope R_scope.

Local Notation u := unit_roundoff.

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
