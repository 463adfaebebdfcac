(** Means that are computed in binary32, by division or by a rounded reciprocal: how far they are from exact ones, and
    when they are exact (THEOREM.md, section 7). [Binary32.v] defines them. *)

From Coq Require Import Reals ZArith List Permutation ConstructiveEpsilon Lra Lia.
From ExactCNN Require Import Sums Binary32 ComputedSums.
Import ListNotations.
Open Scope R_scope.

Local Notation u := unit_roundoff.

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
