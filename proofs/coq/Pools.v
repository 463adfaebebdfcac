(** What bounds at single positions say of pooled channels (FORMAT.md, "Pooled facts"; THEOREM.md section 3): real
    numbers only. Bounds that hold at every position, and one that holds at some position of a weighted sum. *)

From Coq Require Import Reals ZArith List Lra Lia.
From ExactCNN Require Import Sums Images Networks.
Import ListNotations.
Open Scope R_scope.

(** * Sums *)

Lemma sum_all_at_least {A} (l : list A) f c : (forall a, In a l -> c <= f a) -> INR (length l) * c <= sum l f.
Proof. intros H. rewrite <- sum_const. now apply sum_le. Qed.

Lemma sum_all_at_most {A} (l : list A) f c : (forall a, In a l -> f a <= c) -> sum l f <= INR (length l) * c.
Proof. intros H. rewrite <- sum_const. now apply sum_le. Qed.

(** Where every term but one is at least [c], and that one is at least [d]. *)
Lemma sum_one_more {A} (l : list A) f c d a :
  In a l -> (forall b, In b l -> c <= f b) -> d <= f a -> d + (INR (length l) - 1) * c <= sum l f.
Proof.
  intros Ha Hc Hd. assert (H := sum_le_one_less l (fun b => - f b) (- c) (- d) a Ha).
  rewrite (sum_ext l _ (fun b => -1 * f b)), sum_scale in H by (intros; lra).
  cut (-1 * sum l f <= INR (length l) * - c - - c + - d); [lra|].
  apply H; [intros b Hb; specialize (Hc b Hb)|]; lra.
Qed.

(** * One image *)

Section OneImage.
  Variable x : image.
  Hypothesis nonempty : (1 <= height x)%Z /\ (1 <= width x)%Z.

  (** The number of positions. *)
  Definition area : R := IZR (height x * width x).

  Lemma positions_area : INR (length (positions x)) = area.
  Proof.
    unfold positions, area. rewrite prod_length, mult_INR, !ints_length by lia. now rewrite mult_IZR.
  Qed.

  Lemma area_positive : 1 <= area.
  Proof. apply (IZR_le 1). nia. Qed.

  Lemma sum_values k :
    sum (map (fun p => pixel x k (fst p) (snd p)) (positions x)) (fun v => v)
    = sum (positions x) (fun p => pixel x k (fst p) (snd p)).
  Proof. apply sum_map. Qed.

  Lemma values_area k : INR (length (map (fun p => pixel x k (fst p) (snd p)) (positions x))) = area.
  Proof. rewrite map_length. apply positions_area. Qed.

  Lemma values_exist k : map (fun p => pixel x k (fst p) (snd p)) (positions x) <> [].
  Proof.
    intros E. apply map_eq_nil in E.
    assert (H : In (0%Z, 0%Z) (positions x)) by (apply in_positions; unfold inside; lia).
    rewrite E in H. destruct H.
  Qed.

  Lemma maximum_reached k :
    exists i j, inside x i j /\ pooled GlobalMax x k = pixel x k i j.
  Proof.
    assert (H := maximum_in _ (values_exist k)). apply in_map_iff in H. destruct H as ([i j] & E & Hp%in_positions).
    exists i, j. split; [assumption|]. symmetry. exact E.
  Qed.

  Lemma maximum_at_least k i j : inside x i j -> pixel x k i j <= pooled GlobalMax x k.
  Proof.
    intros Hin. apply maximum_ge. apply (in_map_iff (fun p => pixel x k (fst p) (snd p))). exists (i, j).
    split; [reflexivity|]. now apply in_positions.
  Qed.

  (** * Bounds at every position *)

  Section EveryPosition.
    Variables (k : nat) (c : R).

    Lemma every_at_least p :
      (forall i j, inside x i j -> c <= pixel x k i j) ->
      (match p with GlobalSum => area * c | _ => c end) <= pooled p x k.
    Proof.
      intros H.
      assert (Hsum : area * c <= sum (positions x) (fun p => pixel x k (fst p) (snd p))).
      { rewrite <- positions_area. apply sum_all_at_least. intros [i j] Hp%in_positions. now apply H. }
      destruct p; cbn [pooled].
      - destruct (maximum_reached k) as (i & j & Hin & E). cbn [pooled] in E. rewrite E. now apply H.
      - now rewrite sum_values.
      - rewrite sum_values, values_area. assert (N := area_positive).
        apply (Rmult_le_reg_l area); [lra|].
        replace (area * (sum _ _ / area)) with (sum (positions x) (fun p => pixel x k (fst p) (snd p)))
          by (field; lra). assumption.
    Qed.

    Lemma every_at_most p :
      (forall i j, inside x i j -> pixel x k i j <= c) ->
      pooled p x k <= (match p with GlobalSum => area * c | _ => c end).
    Proof.
      intros H.
      assert (Hsum : sum (positions x) (fun p => pixel x k (fst p) (snd p)) <= area * c).
      { rewrite <- positions_area. apply sum_all_at_most. intros [i j] Hp%in_positions. now apply H. }
      destruct p; cbn [pooled].
      - destruct (maximum_reached k) as (i & j & Hin & E). cbn [pooled] in E. rewrite E. now apply H.
      - now rewrite sum_values.
      - rewrite sum_values, values_area. assert (N := area_positive).
        apply (Rmult_le_reg_l area); [lra|].
        replace (area * (sum _ _ / area)) with (sum (positions x) (fun p => pixel x k (fst p) (snd p)))
          by (field; lra). assumption.
    Qed.
  End EveryPosition.

  (** * A bound of a weighted sum at some position *)

  Section SomePosition.
    Variable weights : list (nat * R).

    (** What the weighted sum of the channels is at a position, and after pooling. *)
    Definition blended (i j : Z) : R := sum weights (fun w => snd w * pixel x (fst w) i j).
    Definition pooled_blend (p : pool) : R := sum weights (fun w => snd w * pooled p x (fst w)).

    (** The maximum of every channel is at least its value at the position. *)
    Lemma somewhere_max i j :
      (forall w, In w weights -> 0 <= snd w) -> inside x i j -> blended i j <= pooled_blend GlobalMax.
    Proof.
      intros Hw Hin. apply sum_le. intros w Hin'. apply Rmult_le_compat_l; [now apply Hw|].
      now apply maximum_at_least.
    Qed.

    Lemma pooled_blend_sum : pooled_blend GlobalSum = sum (positions x) (fun p => blended (fst p) (snd p)).
    Proof.
      unfold pooled_blend, blended. rewrite sum_swap. apply sum_ext. intros w _. cbn [pooled].
      rewrite sum_values. symmetry. apply sum_scale.
    Qed.

    Lemma pooled_blend_mean : area * pooled_blend GlobalMean = pooled_blend GlobalSum.
    Proof.
      unfold pooled_blend. rewrite <- sum_scale. apply sum_ext. intros w _. cbn [pooled].
      rewrite values_area. assert (N := area_positive). field. lra.
    Qed.

    (** The other positions add at least the floor each. *)
    Lemma somewhere_sum c i j :
      (forall i j, inside x i j -> c <= blended i j) -> inside x i j ->
      blended i j + (area - 1) * c <= pooled_blend GlobalSum.
    Proof.
      intros Hc Hin. rewrite pooled_blend_sum, <- positions_area.
      apply (sum_one_more _ _ c _ (i, j)); [now apply in_positions| |cbn [fst snd]; lra].
      intros [a b] Hab%in_positions. now apply Hc.
    Qed.

    (** In a sum of [n] positions or more where the floor is not negative, or of at most [n] where it is. *)
    Lemma somewhere_sum_bound c low i j n :
      (forall i j, inside x i j -> c <= blended i j) -> inside x i j -> low <= blended i j ->
      (if Rle_dec 0 c then n <= area else area <= n) -> low + (n - 1) * c <= pooled_blend GlobalSum.
    Proof.
      intros Hc Hin Hlow Hn. assert (H := somewhere_sum c i j Hc Hin).
      destruct (Rle_dec 0 c); nra.
    Qed.

    (** In a mean of at most [most] positions; the more positions, the less one of them says. *)
    Lemma somewhere_mean_bound c low i j most :
      (forall i j, inside x i j -> c <= blended i j) -> inside x i j -> low <= blended i j ->
      area <= most -> (low + (most - 1) * c) / most <= pooled_blend GlobalMean.
    Proof.
      intros Hc Hin Hlow Hn. assert (H := somewhere_sum c i j Hc Hin). rewrite <- pooled_blend_mean in H.
      assert (N := area_positive). assert (Hi := Hc i j Hin).
      apply (Rmult_le_reg_l (most * area)); [nra|].
      replace (most * area * ((low + (most - 1) * c) / most)) with (area * (low + (most - 1) * c))
        by (field; lra).
      nra.
    Qed.
  End SomePosition.
End OneImage.
