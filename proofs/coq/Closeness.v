(** How far a layer's computed outputs are from the exact ones, when its computed inputs are not far from the exact
    ones: sums with weights, sums of positions, means, ReLUs and maxima (THEOREM.md, section 7). In what follows [X] are
    exact numbers and [Y] computed ones. *)

From Coq Require Import Reals ZArith List Lra Lia Bool.
From ExactCNN Require Import Sums Binary32 ComputedSums ComputedMeans Images Tasks Networks Executions.
Import ListNotations.
Open Scope R_scope.

Lemma multiple_sum {A} s (l : list A) f : (forall a, In a l -> multiple s (f a)) -> multiple s (sum l f).
Proof.
  induction l as [|a l IH]; intros H; cbn [sum]; [apply multiple_0|].
  apply multiple_plus; [|apply IH]; auto with datatypes.
Qed.

(** What [k] roundings may lose of terms of magnitude [size] together. *)
Definition rounding_loss (k : nat) (size : R) : R := INR k / (power 24 - INR k) * size + INR k * power (-148).

Lemma rounding_loss_le k s t : INR k < power 23 -> s <= t -> rounding_loss k s <= rounding_loss k t.
Proof.
  intros Hk H. unfold rounding_loss. assert (power 23 <= power 24) by (apply power_le; lia).
  apply Rplus_le_compat_r, Rmult_le_compat_l; [|assumption].
  apply Rmult_le_pos; [apply pos_INR|]. left. apply Rinv_0_lt_compat. lra.
Qed.

(** * Sums with weights *)

(** The weights of a sum over places are given by taps: the weight of a place is the sum of its taps'. *)
Section Weighted.
  Context {P T : Type} (eq_dec : forall p q : P, {p = q} + {p <> q}).
  Variables (places : list P) (taps : list T) (spot : T -> P) (w : T -> R).

  Definition weight_at (p : P) : R := sum taps (fun t => if eq_dec p (spot t) then w t else 0).

  Hypothesis Distinct : NoDup places.
  Hypothesis Spots : forall t, In t taps -> In (spot t) places.

  Lemma weighted_sum f : sum places (fun p => weight_at p * f p) = sum taps (fun t => w t * f (spot t)).
  Proof.
    transitivity (sum places (fun p => sum taps (fun t => if eq_dec p (spot t) then w t * f p else 0))).
    { apply sum_ext. intros p _. unfold weight_at. rewrite Rmult_comm, <- sum_scale. apply sum_ext. intros t _.
      destruct (eq_dec p (spot t)); ring. }
    rewrite sum_swap. apply sum_ext. intros t Ht.
    exact (sum_single eq_dec places (fun p => w t * f p) (spot t) Distinct (Spots t Ht)).
  Qed.

  Lemma weighted_magnitude f :
    (forall p, In p places -> 0 <= f p) ->
    sum places (fun p => Rabs (weight_at p) * f p) <= sum taps (fun t => Rabs (w t) * f (spot t)).
  Proof.
    intros Hf.
    apply Rle_trans with (sum places (fun p => sum taps (fun t => if eq_dec p (spot t) then Rabs (w t) * f p else 0))).
    - apply sum_le. intros p Hp. unfold weight_at.
      apply Rle_trans with (sum taps (fun t => Rabs (if eq_dec p (spot t) then w t else 0)) * f p).
      + apply Rmult_le_compat_r; [now apply Hf|]. apply sum_Rabs.
      + rewrite Rmult_comm, <- sum_scale. apply sum_le. intros t _.
        destruct (eq_dec p (spot t)); [lra|]. rewrite Rabs_R0. lra.
    - rewrite sum_swap. apply sum_le. intros t Ht.
      rewrite (sum_single eq_dec places (fun p => Rabs (w t) * f p) (spot t) Distinct (Spots t Ht)). lra.
  Qed.

  Lemma weighted_taps Y : (weighted (map (fun p => (weight_at p, Y p)) places) <= length taps)%nat.
  Proof.
    unfold weighted. set (keep := fun p => if Req_EM_T (weight_at p) 0 then false else true).
    assert (E : length (filter (fun q : R * R => if Req_EM_T (fst q) 0 then false else true)
                               (map (fun p => (weight_at p, Y p)) places)) = length (filter keep places)).
    { clear Distinct Spots. induction places as [|p l IH]; [reflexivity|]. cbn [map filter fst]. unfold keep at 1.
      destruct (Req_EM_T (weight_at p) 0); cbn [length]; now rewrite IH. }
    rewrite E, <- (map_length spot). apply NoDup_incl_length; [now apply NoDup_filter|].
    intros p (_ & Hp)%filter_In. unfold keep in Hp. destruct (Req_EM_T (weight_at p) 0) as [|N]; [discriminate|].
    destruct (in_dec eq_dec p (map spot taps)) as [I|I]; [exact I|]. destruct N. apply sum_0.
    intros t Ht. destruct (eq_dec p (spot t)) as [->|]; [|reflexivity]. destruct I. now apply in_map.
  Qed.

  Variables (b Z : R) (X Y : P -> R).
  Hypothesis Summed : summed (map (fun p => (weight_at p, Y p)) places) [b] Z.

  Lemma exact_weighted : exact_sum (map (fun p => (weight_at p, Y p)) places) [b]
    = sum taps (fun t => w t * Y (spot t)) + b.
  Proof. unfold exact_sum. rewrite sum_map. cbn [sum fst snd]. rewrite weighted_sum. ring. Qed.

  Lemma magnitude_weighted size :
    (forall p, In p places -> Rabs (Y p) <= size p) ->
    magnitude (map (fun p => (weight_at p, Y p)) places) [b] <= sum taps (fun t => Rabs (w t) * size (spot t)) + Rabs b.
  Proof.
    intros H. unfold magnitude. rewrite sum_map. cbn [sum fst snd]. rewrite Rplus_0_r. apply Rplus_le_compat_r.
    eapply Rle_trans; [|apply weighted_magnitude].
    - apply sum_le. intros p Hp. rewrite Rabs_mult. apply Rmult_le_compat_l; [apply Rabs_pos|auto].
    - intros p Hp. eapply Rle_trans; [apply Rabs_pos|]. now apply H.
  Qed.

  Theorem weighted_close size error k :
    binary32 b -> (forall p, In p places -> Rabs (Y p) <= size p) ->
    (forall p, In p places -> Rabs (Y p - X p) <= error p) ->
    sum taps (fun t => Rabs (w t) * size (spot t)) + Rabs b < power 126 -> (length taps + 1 <= k)%nat ->
    INR k < power 23 ->
    binary32 Z /\
    Rabs (Z - (sum places (fun p => weight_at p * X p) + b))
      <= sum taps (fun t => Rabs (w t) * error (spot t))
         + rounding_loss k (sum taps (fun t => Rabs (w t) * size (spot t)) + Rabs b).
  Proof.
    intros Hb Hs He HS Hk Hk'. assert (M := magnitude_weighted size Hs).
    destruct (summed_error _ _ _ k Summed) as [B E].
    - intros b' [<-|[]]. exact Hb.
    - lra.
    - unfold counted. assert (W := weighted_taps Y). cbn [length]. lia.
    - exact Hk'.
    - split; [exact B|]. rewrite exact_weighted in E. apply (rounding_loss_le k) in M; [|exact Hk'].
      unfold rounding_loss at 1 in M. rewrite weighted_sum.
      assert (D : Rabs (sum taps (fun t => w t * Y (spot t)) - sum taps (fun t => w t * X (spot t)))
                  <= sum taps (fun t => Rabs (w t) * error (spot t))).
      { rewrite <- sum_minus. eapply Rle_trans; [apply sum_Rabs|]. apply sum_le. intros t Ht.
        rewrite <- Rmult_minus_distr_l, Rabs_mult. apply Rmult_le_compat_l; [apply Rabs_pos|auto]. }
      set (y := sum taps (fun t => w t * Y (spot t))) in *. set (x := sum taps (fun t => w t * X (spot t))) in *.
      replace (Z - (x + b)) with ((Z - (y + b)) + (y - x)) by ring. eapply Rle_trans; [apply Rabs_triang|]. lra.
  Qed.

  (** In steps of 2^e, with weights in steps of 2^-q. *)
  Theorem weighted_exact size e q :
    (forall p, In p places -> Y p = X p /\ multiple (power e) (X p)) ->
    (forall t, In t taps -> multiple (power (- q)) (w t)) ->
    multiple (power (e - q)) b -> (forall p, In p places -> Rabs (Y p) <= size p) -> (-149 <= e - q <= 100)%Z ->
    sum taps (fun t => Rabs (w t) * size (spot t)) + Rabs b <= power 24 * power (e - q) ->
    Z = sum places (fun p => weight_at p * X p) + b /\ binary32 Z /\ multiple (power (e - q)) Z.
  Proof.
    intros Hx Hw Hb Hs He HS. assert (M := magnitude_weighted size Hs).
    destruct (summed_exact _ _ _ (e - q) Summed He) as (E & B & M').
    - intros wy (p & <- & Hp)%in_map_iff. cbn [fst snd]. destruct (Hx p Hp) as [-> (m & ->)].
      destruct (multiple_sum (power (- q)) taps (fun t => if eq_dec p (spot t) then w t else 0)) as (n & En).
      { intros t Ht. destruct (eq_dec p (spot t)); [auto|apply multiple_0]. }
      exists (n * m)%Z. unfold weight_at. rewrite En, mult_IZR. unfold Z.sub. rewrite power_plus. ring.
    - intros b' [<-|[]]. exact Hb.
    - lra.
    - split; [|split; assumption]. rewrite E, exact_weighted, <- weighted_sum. f_equal. apply sum_ext. intros p Hp.
      now rewrite (proj1 (Hx p Hp)).
  Qed.
End Weighted.

(** * Sums and means of numbers *)

Section Positions.
  Context {P : Type}.
  Variables (places : list P) (X Y : P -> R) (size error : R).

  Hypothesis Size : forall p, In p places -> Rabs (Y p) <= size.
  Hypothesis Error : forall p, In p places -> Rabs (Y p - X p) <= error.

  Lemma sum_size : sum (map Y places) Rabs <= INR (length places) * size.
  Proof. rewrite sum_map, <- sum_const. now apply sum_le. Qed.

  Lemma sum_error : Rabs (sum places Y - sum places X) <= INR (length places) * error.
  Proof.
    rewrite <- sum_minus, <- sum_const. eapply Rle_trans; [apply sum_Rabs|]. now apply sum_le.
  Qed.

  Hypothesis Held : forall p, In p places -> binary32 (Y p).

  Lemma values_held : forall v, In v (map Y places) -> binary32 v.
  Proof. intros v (p & <- & Hp)%in_map_iff. auto. Qed.

  (** At most [n] numbers. *)
  Theorem sum_close Z n k :
    summed [] (map Y places) Z -> 0 <= size -> 0 <= error -> INR (length places) <= n -> n * size < power 126 ->
    (length places <= k)%nat -> INR k < power 23 ->
    binary32 Z /\ Rabs (Z - sum places X) <= n * error + rounding_loss k (n * size).
  Proof.
    intros H S0 E0 Hn HS Hk Hk'. assert (Ss := sum_size). assert (Es := sum_error).
    assert (INR (length places) * size <= n * size) by (now apply Rmult_le_compat_r).
    assert (INR (length places) * error <= n * error) by (now apply Rmult_le_compat_r).
    destruct (summed_error _ _ _ k H) as [B E].
    - apply values_held.
    - rewrite magnitude_values. lra.
    - unfold counted. rewrite map_length. exact Hk.
    - exact Hk'.
    - split; [exact B|]. rewrite magnitude_values, exact_values, sum_map in E.
      change (sum places (fun a => Y a)) with (sum places Y) in E.
      assert (M := rounding_loss_le k (sum (map Y places) Rabs) (n * size) Hk' ltac:(lra)).
      unfold rounding_loss at 1 in M.
      replace (Z - sum places X) with ((Z - sum places Y) + (sum places Y - sum places X)) by ring.
      eapply Rle_trans; [apply Rabs_triang|]. lra.
  Qed.

  (** A mean over [count] numbers, of which those not given are 0. *)
  Theorem mean_close Z count k :
    averaged count (map Y places) Z -> 0 <= size -> 0 <= error -> 1 <= count -> count < power 23 ->
    INR (length places) <= count -> count * size < power 126 -> (length places + 2 <= k)%nat -> INR k < power 23 ->
    binary32 Z /\ Rabs (Z - sum places X / count) <= error + rounding_loss k size.
  Proof.
    intros H S0 E0 Hc Hc' Hn HS Hk Hk'. assert (Ss := sum_size). assert (Es := sum_error).
    assert (INR (length places) * size <= count * size) by (now apply Rmult_le_compat_r).
    assert (INR (length places) * error <= count * error) by (now apply Rmult_le_compat_r).
    assert (I : 0 < / count) by (apply Rinv_0_lt_compat; lra).
    assert (Over : forall a c, a <= count * c -> a * / count <= c).
    { intros a c Ha. apply (Rmult_le_reg_r count); [lra|]. rewrite Rmult_assoc, Rinv_l by lra. lra. }
    destruct (averaged_error _ _ _ k H) as [B E].
    - apply values_held.
    - exact Hc.
    - exact Hc'.
    - lra.
    - now rewrite map_length.
    - exact Hk'.
    - split; [exact B|]. rewrite sum_map in E. change (sum places (fun a => Y a)) with (sum places Y) in E.
      assert (M := rounding_loss_le k (sum (map Y places) Rabs * / count) size Hk' ltac:(apply Over; lra)).
      unfold rounding_loss at 1 in M. rewrite <- Rmult_assoc in M. unfold Rdiv at 3 in E.
      assert (D : Rabs (sum places Y / count - sum places X / count) <= error).
      { replace (sum places Y / count - sum places X / count)
          with ((sum places Y - sum places X) * / count) by (unfold Rdiv; ring).
        rewrite Rabs_mult, (Rabs_pos_eq (/ count)) by lra. apply Over. lra. }
      replace (Z - sum places X / count) with ((Z - sum places Y / count)
        + (sum places Y / count - sum places X / count)) by ring.
      eapply Rle_trans; [apply Rabs_triang|]. lra.
  Qed.

  Variable e : Z.
  Hypothesis Steps : forall p, In p places -> Y p = X p /\ multiple (power e) (X p).

  Lemma values_steps : forall v, In v (map Y places) -> multiple (power e) v.
  Proof. intros v (p & <- & Hp)%in_map_iff. destruct (Steps p Hp) as [-> M]. exact M. Qed.

  Lemma values_same : sum (map Y places) (fun v => v) = sum places X.
  Proof. rewrite sum_map. apply sum_ext. intros p Hp. apply Steps, Hp. Qed.

  Theorem sum_exact Z n :
    summed [] (map Y places) Z -> 0 <= size -> INR (length places) <= n -> n * size <= power 24 * power e ->
    (-149 <= e <= 100)%Z ->
    Z = sum places X /\ binary32 Z /\ multiple (power e) Z.
  Proof.
    intros H S0 Hn HS He. assert (Ss := sum_size).
    assert (INR (length places) * size <= n * size) by (now apply Rmult_le_compat_r).
    rewrite <- values_same, <- exact_values. apply summed_exact; [exact H|exact He|intros p []|exact values_steps|].
    rewrite magnitude_values. lra.
  Qed.

  Theorem mean_exact Z j :
    averaged (power j) (map Y places) Z -> (0 <= j)%Z -> (e <= 0)%Z -> (-126 <= e - j)%Z -> 0 <= size ->
    INR (length places) <= power j -> power j * size <= power 24 * power e ->
    Z = sum places X / power j /\ binary32 Z /\ multiple (power (e - j)) Z.
  Proof.
    intros H Hj He Hej S0 Hn HS. assert (Ss := sum_size).
    assert (INR (length places) * size <= power j * size) by (now apply Rmult_le_compat_r).
    rewrite <- values_same. apply averaged_exact; try assumption; [exact values_steps|]. lra.
  Qed.
End Positions.

(** * ReLU and maxima *)

Lemma relu_close X Y error : Rabs (Y - X) <= error -> Rabs (relu Y - relu X) <= error.
Proof.
  intros H. destruct (relu_cases X) as [[? ->]|[? ->]], (relu_cases Y) as [[? ->]|[? ->]];
    revert H; unfold Rabs; repeat destruct Rcase_abs; lra.
Qed.

Lemma relu_held Y : binary32 Y -> binary32 (relu Y).
Proof. intros H. destruct (relu_cases Y) as [[_ ->]|[_ ->]]; [exact H|exact binary32_0]. Qed.

Lemma relu_multiple s X : multiple s X -> multiple s (relu X).
Proof. intros H. destruct (relu_cases X) as [[_ ->]|[_ ->]]; [exact H|apply multiple_0]. Qed.

Lemma maximum_close {P} (places : list P) (X Y : P -> R) error :
  places <> [] -> (forall p, In p places -> Rabs (Y p - X p) <= error) ->
  Rabs (maximum (map Y places) - maximum (map X places)) <= error.
Proof.
  intros N H. assert (NX : map X places <> []) by (destruct places; [congruence|discriminate]).
  assert (NY : map Y places <> []) by (destruct places; [congruence|discriminate]).
  assert (IX := maximum_in _ NX). assert (IY := maximum_in _ NY).
  apply in_map_iff in IX as (p & Ep & Hp). apply in_map_iff in IY as (q & Eq & Hq).
  assert (A : Y p <= maximum (map Y places)) by (apply maximum_ge, in_map, Hp).
  assert (B : X q <= maximum (map X places)) by (apply maximum_ge, in_map, Hq).
  rewrite <- Ep, <- Eq in *. assert (Hp' := H p Hp). assert (Hq' := H q Hq).
  revert A B Hp' Hq'. unfold Rabs. repeat destruct Rcase_abs; lra.
Qed.

Lemma maximum_one_of {P} (places : list P) (Y : P -> R) (good : R -> Prop) :
  places <> [] -> (forall p, In p places -> good (Y p)) -> good (maximum (map Y places)).
Proof.
  intros N H. assert (NY : map Y places <> []) by (destruct places; [congruence|discriminate]).
  assert (I := maximum_in _ NY). apply in_map_iff in I as (p & <- & Hp). auto.
Qed.

(** * Windows *)

(** The places of a convolution's window: input channel, row, column. *)
Definition window_places (inputs : nat) (g : geometry) : list (nat * (Z * Z)) :=
  list_prod (seq 0 inputs) (list_prod (ints (kernel_rows g)) (ints (kernel_columns g))).

Lemma ints_distinct n : NoDup (ints n).
Proof. apply FinFun.Injective_map_NoDup; [intros a b; lia|apply seq_NoDup]. Qed.

Lemma window_places_distinct inputs g : NoDup (window_places inputs g).
Proof. repeat apply NoDup_prod; auto using seq_NoDup, ints_distinct. Qed.

Lemma in_window_places inputs g c i j :
  In (c, (i, j)) (window_places inputs g) <-> place inputs (kernel_rows g) (kernel_columns g) c i j.
Proof. unfold window_places, place. rewrite !in_prod_iff, in_seq, !in_ints. intuition lia. Qed.

Definition spot_dec : forall p q : nat * (Z * Z), {p = q} + {p <> q}.
Proof. repeat decide equality. Defined.

(** The places of a window that is not padded lie inside the image. *)
Lemma window_inside g x (f : nat -> Z -> Z -> R) i j r s :
  top g = 0%Z -> left g = 0%Z -> bottom g = 0%Z -> ending g = 0%Z -> (0 < down g)%Z -> (0 < right g)%Z ->
  inside (slide g x f) i j -> (0 <= r < kernel_rows g)%Z -> (0 <= s < kernel_columns g)%Z ->
  inside x (i * down g - top g + r) (j * right g - left g + s).
Proof.
  intros Et El Eb Ee Hd Hr [Hi Hj] Hr' Hs'. cbn [slide height width] in Hi, Hj. unfold extent in Hi, Hj.
  rewrite Et, Eb in *. rewrite El, Ee in *.
  assert (A : (i * down g <= height x + 0 + 0 - kernel_rows g)%Z).
  { assert (D := Z.mul_div_le (height x + 0 + 0 - kernel_rows g) (down g) Hd). nia. }
  assert (B : (j * right g <= width x + 0 + 0 - kernel_columns g)%Z).
  { assert (D := Z.mul_div_le (width x + 0 + 0 - kernel_columns g) (right g) Hr). nia. }
  split; nia.
Qed.

Lemma existing_inside g x r s p : In p (existing g x r s) -> inside x (fst p) (snd p).
Proof.
  unfold existing. intros (_ & H)%filter_In. destruct (insideb_spec x (fst p) (snd p)); [assumption|discriminate].
Qed.

Lemma filter_length_le {A} (f : A -> bool) l : (length (filter f l) <= length l)%nat.
Proof. induction l as [|a l IH]; cbn [filter length]; [lia|]. destruct (f a); cbn [length]; lia. Qed.

Lemma existing_length g x r s :
  (0 <= kernel_rows g)%Z -> (0 <= kernel_columns g)%Z ->
  (length (existing g x r s) <= Z.to_nat (kernel_rows g * kernel_columns g))%nat.
Proof.
  intros Hr Hc. unfold existing. eapply Nat.le_trans; [apply filter_length_le|].
  rewrite map_length, prod_length. unfold ints. rewrite !map_length, !seq_length. lia.
Qed.

Section Convolution.
  Context {T : Type}.
  Variables (inputs : nat) (g : geometry) (taps : list T) (chan : T -> nat) (row col : T -> Z) (w : T -> R).
  Variable W : nat -> Z -> Z -> R.

  Hypothesis Weights : forall c i j, W c i j =
    sum taps (fun t => if ((chan t =? c)%nat && (row t =? i)%Z && (col t =? j)%Z) then w t else 0).
  Hypothesis Places : forall t, In t taps -> place inputs (kernel_rows g) (kernel_columns g) (chan t) (row t) (col t).

  Let spot (t : T) := (chan t, (row t, col t)).

  Lemma spots_placed t : In t taps -> In (spot t) (window_places inputs g).
  Proof. intros H. now apply in_window_places, Places. Qed.

  Lemma weight_at_W c i j : weight_at spot_dec taps spot w (c, (i, j)) = W c i j.
  Proof.
    rewrite Weights. unfold weight_at. apply sum_ext. intros t _. unfold spot.
    destruct (spot_dec (c, (i, j)) (chan t, (row t, col t))) as [E|N].
    - injection E as -> -> ->. now rewrite Nat.eqb_refl, !Z.eqb_refl.
    - destruct (Nat.eqb_spec (chan t) c), (Z.eqb_spec (row t) i), (Z.eqb_spec (col t) j); cbn [andb]; try reflexivity.
      destruct N. congruence.
  Qed.

  Lemma patch_sum_places f :
    patch_sum inputs (kernel_rows g) (kernel_columns g) f
    = sum (window_places inputs g) (fun p => f (fst p) (fst (snd p)) (snd (snd p))).
  Proof.
    unfold patch_sum, window_places. rewrite sum_prod. apply sum_ext. intros c _. rewrite sum_prod. reflexivity.
  Qed.

  (** A convolution, tap by tap. *)
  Lemma convolution_taps (f : nat -> Z -> Z -> R) :
    patch_sum inputs (kernel_rows g) (kernel_columns g) (fun c i j => W c i j * f c i j)
    = sum taps (fun t => w t * f (chan t) (row t) (col t)).
  Proof.
    rewrite patch_sum_places.
    transitivity (sum (window_places inputs g) (fun p =>
      weight_at spot_dec taps spot w p * f (fst p) (fst (snd p)) (snd (snd p)))).
    2: { exact (weighted_sum spot_dec _ taps spot w (window_places_distinct inputs g) spots_placed
                  (fun p => f (fst p) (fst (snd p)) (snd (snd p)))). }
    apply sum_ext. intros [c [i j]] _. cbn [fst snd]. now rewrite weight_at_W.
  Qed.

  Variables (y : image) (r s : Z) (b Z : R).

  Let seen (c : nat) (i j : BinNums.Z) : R := padded y c (r + i)%Z (s + j)%Z.

  Hypothesis Summed : summed (window_products inputs g W y r s) [b] Z.

  Lemma window_summed :
    summed (map (fun p => (weight_at spot_dec taps spot w p, seen (fst p) (fst (snd p)) (snd (snd p))))
                (window_places inputs g)) [b] Z.
  Proof.
    erewrite map_ext; [exact Summed|]. intros [c [i j]]. cbn [fst snd]. now rewrite weight_at_W.
  Qed.

  Let magnitude_seen := sum taps (fun t => Rabs (w t) * Rabs (seen (chan t) (row t) (col t))) + Rabs b.

  Theorem convolution_summed k :
    binary32 b -> magnitude_seen < power 126 -> (length taps + 1 <= k)%nat -> INR k < power 23 ->
    binary32 Z /\
    Rabs (Z - (sum taps (fun t => w t * seen (chan t) (row t) (col t)) + b)) <= rounding_loss k magnitude_seen.
  Proof.
    intros Hb HM Hk Hk'. set (f := fun p : nat * (BinNums.Z * BinNums.Z) => seen (fst p) (fst (snd p)) (snd (snd p))).
    destruct (weighted_close spot_dec _ taps spot w (window_places_distinct inputs g) spots_placed b Z f f window_summed
                (fun p => Rabs (f p)) (fun _ => 0) k) as [B E]; try assumption.
    - intros. apply Rle_refl.
    - intros p _. rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. lra.
    - split; [exact B|]. rewrite weighted_sum in E; [|apply window_places_distinct|exact spots_placed].
      eapply Rle_trans; [exact E|]. rewrite (sum_0 taps) by (intros; ring). rewrite Rplus_0_l. apply Rle_refl.
  Qed.

  Theorem convolution_exact e q :
    (forall t, In t taps -> multiple (power e) (seen (chan t) (row t) (col t))) ->
    (forall t, In t taps -> multiple (power (- q)) (w t)) -> multiple (power (e - q)) b -> (-149 <= e - q <= 100)%Z ->
    magnitude_seen <= power 24 * power (e - q) ->
    Z = sum taps (fun t => w t * seen (chan t) (row t) (col t)) + b /\ binary32 Z /\ multiple (power (e - q)) Z.
  Proof.
    intros Hx Hw Hb He HM.
    set (f := fun p : nat * (BinNums.Z * BinNums.Z) => seen (fst p) (fst (snd p)) (snd (snd p))).
    destruct (summed_exact _ _ _ (e - q) window_summed He) as (E & B & M).
    - intros wy (p & <- & Hp)%in_map_iff. cbn [fst snd].
      change (seen (fst p) (fst (snd p)) (snd (snd p))) with (f p).
      unfold weight_at. rewrite Rmult_comm, <- sum_scale. apply multiple_sum. intros t Ht.
      destruct (spot_dec p (spot t)) as [->|_]; [|rewrite Rmult_0_r; apply multiple_0].
      destruct (Hx t Ht) as (m & Em), (Hw t Ht) as (n & ->). unfold f, spot. cbn [fst snd]. rewrite Em.
      exists (m * n)%Z. rewrite mult_IZR. unfold Z.sub. rewrite power_plus. ring.
    - intros b' [<-|[]]. exact Hb.
    - eapply Rle_trans; [|exact HM]. unfold magnitude_seen.
      apply (magnitude_weighted spot_dec _ taps spot w (window_places_distinct inputs g) spots_placed b f (fun p =>
        Rabs (f p))).
      intros. apply Rle_refl.
    - split; [|split; assumption]. rewrite E.
      apply (exact_weighted spot_dec _ taps spot w (window_places_distinct inputs g) spots_placed b f).
  Qed.
End Convolution.

(** Dense layers likewise: the places are the inputs' numbers. *)
Section DenseLayer.
  Context {T : Type}.
  Variables (inputs : nat) (taps : list T) (chan : T -> nat) (w : T -> R) (W : nat -> R).

  Hypothesis Weights : forall k, W k = sum taps (fun t => if (chan t =? k)%nat then w t else 0).
  Hypothesis Places : forall t, In t taps -> (chan t < inputs)%nat.

  Lemma dense_spots t : In t taps -> In (chan t) (seq 0 inputs).
  Proof. intros H. apply in_seq. specialize (Places t H). lia. Qed.

  Lemma weight_at_dense k : weight_at Nat.eq_dec taps chan w k = W k.
  Proof.
    rewrite Weights. unfold weight_at. apply sum_ext. intros t _.
    destruct (Nat.eq_dec k (chan t)) as [->|N]; [now rewrite Nat.eqb_refl|].
    destruct (Nat.eqb_spec (chan t) k); congruence.
  Qed.

  Lemma dense_taps f : sum (seq 0 inputs) (fun k => W k * f k) = sum taps (fun t => w t * f (chan t)).
  Proof.
    rewrite <- (weighted_sum Nat.eq_dec _ taps chan w (seq_NoDup inputs 0) dense_spots f).
    apply sum_ext. intros k _. now rewrite weight_at_dense.
  Qed.

  Variables (v : nat -> R) (b Z : R).
  Hypothesis Summed : summed (map (fun k => (W k, v k)) (seq 0 inputs)) [b] Z.

  Lemma dense_weighted : summed (map (fun k => (weight_at Nat.eq_dec taps chan w k, v k)) (seq 0 inputs)) [b] Z.
  Proof. erewrite map_ext; [exact Summed|]. intros k. cbn. now rewrite weight_at_dense. Qed.

  Let magnitude_seen := sum taps (fun t => Rabs (w t) * Rabs (v (chan t))) + Rabs b.

  Theorem dense_summed k :
    binary32 b -> magnitude_seen < power 126 -> (length taps + 1 <= k)%nat -> INR k < power 23 ->
    binary32 Z /\ Rabs (Z - (sum taps (fun t => w t * v (chan t)) + b)) <= rounding_loss k magnitude_seen.
  Proof.
    intros Hb HM Hk Hk'.
    destruct (weighted_close Nat.eq_dec _ taps chan w (seq_NoDup inputs 0) dense_spots b Z v v dense_weighted
                (fun p => Rabs (v p)) (fun _ => 0) k) as [B E]; try assumption.
    - intros. apply Rle_refl.
    - intros p _. rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. lra.
    - split; [exact B|]. rewrite weighted_sum in E; [|apply seq_NoDup|exact dense_spots].
      eapply Rle_trans; [exact E|]. rewrite (sum_0 taps) by (intros; ring). rewrite Rplus_0_l. apply Rle_refl.
  Qed.

  Theorem dense_exact e q :
    (forall t, In t taps -> multiple (power e) (v (chan t))) ->
    (forall t, In t taps -> multiple (power (- q)) (w t)) -> multiple (power (e - q)) b -> (-149 <= e - q <= 100)%Z ->
    magnitude_seen <= power 24 * power (e - q) ->
    Z = sum taps (fun t => w t * v (chan t)) + b /\ binary32 Z /\ multiple (power (e - q)) Z.
  Proof.
    intros Hx Hw Hb He HM. destruct (summed_exact _ _ _ (e - q) dense_weighted He) as (E & B & M).
    - intros wy (p & <- & Hp)%in_map_iff. cbn [fst snd].
      unfold weight_at. rewrite Rmult_comm, <- sum_scale. apply multiple_sum. intros t Ht.
      destruct (Nat.eq_dec p (chan t)) as [->|_]; [|rewrite Rmult_0_r; apply multiple_0].
      destruct (Hx t Ht) as (m & ->), (Hw t Ht) as (n & ->).
      exists (m * n)%Z. rewrite mult_IZR. unfold Z.sub. rewrite power_plus. ring.
    - intros b' [<-|[]]. exact Hb.
    - eapply Rle_trans; [|exact HM]. unfold magnitude_seen.
      apply (magnitude_weighted Nat.eq_dec _ taps chan w (seq_NoDup inputs 0) dense_spots b v (fun p => Rabs (v p))).
      intros. apply Rle_refl.
    - split; [|split; assumption]. rewrite E.
      apply (exact_weighted Nat.eq_dec _ taps chan w (seq_NoDup inputs 0) dense_spots b v).
  Qed.
End DenseLayer.
