(** The evaluator's arrays: which image a sheet of numbers stands for, sums and maxima of its numbers, ReLUs, and what
    slides over it. *)

From Coq Require Import Reals ZArith NArith List Lra Lia Bool FMapPositive.
From ExactCNN Require Import Sums Images Formulas Numbers Checker Instance Evaluation Soundness Quotients Locals.
From ExactCNN Require Import HeadSequents Certificates.
From ExactCNN Require Axis Tasks Networks.
Import ListNotations.
Open Scope R_scope.

Module Sheets (Num : SpecifiedNumbers).
  Module Export Whole := Certificates Num.

  (** * Arrays *)

  Lemma slot_injective i j : (0 <= i)%Z -> (0 <= j)%Z -> slot i = slot j -> i = j.
  Proof. unfold slot. intros Hi Hj E. apply (f_equal N.pos) in E. rewrite !N.succ_pos_spec in E. lia. Qed.

  Lemma look_tabulated_from {A} (f : Z -> A) n : forall i j, (0 <= i)%Z ->
    look (tabulated_from f n i) j = if ((i <=? j) && (j <? i + Z.of_nat n))%Z then Some (f j) else None.
  Proof.
    induction n as [|n IH]; intros i j Hi; cbn [tabulated_from].
    - unfold look. rewrite PositiveMap.gempty.
      destruct (Z.leb_spec i j), (Z.ltb_spec j (i + Z.of_nat 0)); try lia; now destruct (_ <? _)%Z.
    - unfold look in *. destruct (Z.ltb_spec j 0).
      + destruct (Z.leb_spec i j); [lia|reflexivity].
      + destruct (Z.eq_dec i j) as [->|N].
        * rewrite PositiveMap.gss. destruct (Z.leb_spec j j), (Z.ltb_spec j (j + Z.of_nat (S n))); try lia. reflexivity.
        * rewrite PositiveMap.gso by (intros E; apply N; symmetry; now apply slot_injective).
          specialize (IH (i + 1)%Z j ltac:(lia)). destruct (Z.ltb_spec j 0); [lia|]. rewrite IH.
          destruct (Z.leb_spec i j), (Z.leb_spec (i + 1) j), (Z.ltb_spec j (i + 1 + Z.of_nat n)),
            (Z.ltb_spec j (i + Z.of_nat (S n))); cbn [andb]; try lia; reflexivity.
  Qed.

  Lemma look_tabulated {A} n (f : Z -> A) i :
    look (tabulated n f) i = if ((0 <=? i) && (i <? n))%Z then Some (f i) else None.
  Proof.
    unfold tabulated. rewrite look_tabulated_from by lia.
    destruct (Z.leb_spec 0 i), (Z.ltb_spec i (0 + Z.of_nat (Z.to_nat n))), (Z.ltb_spec i n); try lia; reflexivity.
  Qed.

  Lemma number_in_tabulated n f k : (0 <= k < n)%Z -> number_in (tabulated n f) k = f k.
  Proof.
    intros H. unfold number_in. rewrite look_tabulated.
    destruct (Z.leb_spec 0 k), (Z.ltb_spec k n); try lia. reflexivity.
  Qed.

  Lemma cell_at_sheet_of h w n unit cell i j :
    cell_at (sheet_of h w n unit cell) i j
    = if ((0 <=? i) && (i <? h) && ((0 <=? j) && (j <? w)))%Z then Some (cell i j) else None.
  Proof.
    unfold cell_at, sheet_of. cbn [sheet_cells]. rewrite look_tabulated.
    destruct (_ && _)%Z; cbn [andb]; [|reflexivity]. apply look_tabulated.
  Qed.

  (** * Sheets as images *)

  (** The image whose numbers are those of the sheet. *)
  Definition image_of (x : sheet) : image :=
    Image (sheet_height x) (sheet_width x)
          (fun k i j => real (number_at x (Z.of_nat k) i j) / real (sheet_unit x)).

  (** There are cells at all places, and nowhere else. *)
  Definition sheet_fine (x : sheet) : Prop :=
    0 < real (sheet_unit x) /\
    forall i j, match cell_at x i j with Some _ => true | None => false end = insideb (image_of x) i j.

  (** The first channels are the same. *)
  Definition alike (n : nat) (a b : image) : Prop :=
    height a = height b /\ width a = width b /\
    forall k i j, (k < n)%nat -> inside a i j -> pixel a k i j = pixel b k i j.

  (** The numbers of the sheet are those of the image. *)
  Definition shows (n : nat) (x : sheet) (a : image) : Prop :=
    sheet_fine x /\ sheet_channels x = Z.of_nat n /\ alike n (image_of x) a.

  Lemma sheet_of_fine h w n unit cell : 0 < real unit -> sheet_fine (sheet_of h w n unit cell).
  Proof.
    intros Hu. split; [exact Hu|]. intros i j. rewrite cell_at_sheet_of. unfold insideb, image_of, sheet_of.
    cbn [height width sheet_height sheet_width].
    rewrite !andb_assoc. now destruct (_ && _ && _ && _)%Z.
  Qed.

  (** A sheet is shown by its cells. *)
  Lemma sheet_of_shows h w n unit cell a :
    0 < real unit -> height a = h -> width a = w ->
    (forall k i j, (k < n)%nat -> inside a i j ->
                   real (number_in (cell i j) (Z.of_nat k)) = real unit * pixel a k i j) ->
    shows n (sheet_of h w (Z.of_nat n) unit cell) a.
  Proof.
    intros Hu <- <- H. split; [now apply sheet_of_fine|]. split; [reflexivity|].
    split; [reflexivity|]. split; [reflexivity|]. intros k i j Hk Hin. unfold inside in Hin.
    cbn [image_of height width sheet_of sheet_height sheet_width] in Hin.
    cbn [image_of pixel]. unfold number_at. rewrite cell_at_sheet_of. cbn [sheet_of sheet_unit].
    destruct (Z.leb_spec 0 i), (Z.ltb_spec i (height a)), (Z.leb_spec 0 j), (Z.ltb_spec j (width a)); try lia.
    cbn [andb]. rewrite H by (assumption || (unfold inside; lia)). field. lra.
  Qed.

  Lemma shows_unit n x a : shows n x a -> 0 < real (sheet_unit x).
  Proof. intros ((H & _) & _). exact H. Qed.

  Lemma shows_size n x a : shows n x a -> sheet_height x = height a /\ sheet_width x = width a.
  Proof. intros (_ & _ & H & H' & _). auto. Qed.

  (** With zeros outside. *)
  Lemma number_padded n x a k i j :
    shows n x a -> (k < n)%nat ->
    real (number_at x (Z.of_nat k) i j) = real (sheet_unit x) * padded a k i j.
  Proof.
    intros ((Hu & Hcells) & _ & Hh & Hw & Hp) Hk. specialize (Hcells i j). specialize (Hp k i j Hk).
    assert (E : insideb a i j = insideb (image_of x) i j) by (unfold insideb; now rewrite Hh, Hw).
    unfold padded. rewrite E, <- Hcells. unfold number_at at 1.
    destruct (insideb_spec (image_of x) i j) as [Hin|Hin]; destruct (cell_at x i j) as [cell|] eqn:Ec; try discriminate.
    - rewrite <- Hp by assumption. cbn [image_of pixel]. unfold number_at. rewrite Ec. field. lra.
    - rewrite real_zero. lra.
  Qed.

  Lemma number_pixel n x a k i j :
    shows n x a -> (k < n)%nat -> inside a i j ->
    real (number_at x (Z.of_nat k) i j) = real (sheet_unit x) * pixel a k i j.
  Proof.
    intros H Hk Hin. rewrite (number_padded n x a) by assumption. unfold padded.
    now destruct (insideb_spec a i j).
  Qed.

  Lemma cell_number n x a k i j cell :
    shows n x a -> (k < n)%nat -> cell_at x i j = Some cell ->
    real (number_in cell (Z.of_nat k)) = real (sheet_unit x) * pixel a k i j /\ inside a i j.
  Proof.
    intros H Hk Ec. assert (Hin : inside a i j).
    { destruct H as ((_ & Hcells) & _ & Hh & Hw & _). specialize (Hcells i j). rewrite Ec in Hcells.
      unfold inside. rewrite <- Hh, <- Hw. symmetry in Hcells. now destruct (insideb_spec (image_of x) i j). }
    split; [|assumption]. rewrite <- (number_pixel n x a) by assumption. unfold number_at. now rewrite Ec.
  Qed.

  Lemma no_cell n x a i j : shows n x a -> cell_at x i j = None -> insideb a i j = false.
  Proof.
    intros ((_ & Hcells) & _ & Hh & Hw & _) Ec. specialize (Hcells i j). rewrite Ec in Hcells. rewrite Hcells.
    unfold insideb. now rewrite <- Hh, <- Hw.
  Qed.

  (** * Sums and maxima *)

  Lemma real_sum_of l : real (sum_of l) = sum l real.
  Proof.
    induction l as [|a l IH]; cbn [sum_of fold_right sum]; [apply real_zero|]. rewrite real_add.
    unfold sum_of in IH. now rewrite IH.
  Qed.

  Lemma real_largest_of l : real (largest_of l) = maximum (map real l).
  Proof.
    destruct l as [|a l]; cbn [largest_of map maximum]; [apply real_zero|].
    induction l as [|b l IH]; cbn [fold_right map]; [reflexivity|]. now rewrite largest_real, IH.
  Qed.

  Lemma maximum_scaled {A} (l : list A) e f : 0 <= e -> maximum (map (fun a => e * f a) l) = e * maximum (map f l).
  Proof. intros He. rewrite <- maximum_scale, map_map by assumption. reflexivity. Qed.

  (** * Layers *)

  Lemma changed_shows n x a unit f g :
    shows n x a -> 0 < real unit ->
    (forall v r, real v = real (sheet_unit x) * r -> real (f v) = real unit * g r) ->
    shows n (changed unit f x) (Image (height a) (width a) (fun k i j => g (pixel a k i j))).
  Proof.
    intros H Hu Hf. destruct (shows_size n x a H) as [Hh Hw]. assert (Hn := proj1 (proj2 H)).
    unfold changed. rewrite Hn. apply sheet_of_shows; try assumption; try (symmetry; assumption).
    intros k i j Hk Hin. cbn [pixel].
    destruct (cell_at x i j) as [cell|] eqn:Ec.
    - rewrite number_in_tabulated by lia. apply Hf. now apply (cell_number n x a k i j cell).
    - exfalso. apply (no_cell n x a i j H) in Ec. unfold inside in Hin. cbn [height width] in Hin.
      destruct (insideb_spec a i j) as [|N]; [discriminate|]. apply N. exact Hin.
  Qed.

  Lemma find_mapped {A B} (f : A -> B) p : forall m,
    PositiveMap.find p (mapped f m) = option_map f (PositiveMap.find p m).
  Proof. induction p as [p IH|p IH|]; intros [|l v r]; cbn [mapped PositiveMap.find]; try reflexivity; apply IH. Qed.

  Lemma look_mapped {A B} (f : A -> B) (m : array A) i : look (mapped f m) i = option_map f (look m i).
  Proof. unfold look. destruct (i <? 0)%Z; [reflexivity|apply find_mapped]. Qed.

  Lemma relu_shows n x a :
    shows n x a ->
    shows n (Sheet (sheet_height x) (sheet_width x) (sheet_channels x) (sheet_unit x)
                   (mapped (mapped (mapped (largest Num.zero))) (sheet_cells x)))
          (Image (height a) (width a) (fun k i j => relu (pixel a k i j))).
  Proof.
    intros ((Hu & Hcells) & Hn & Hh & Hw & Hp). set (y := Sheet _ _ _ _ _).
    assert (E : forall i j, cell_at y i j = option_map (mapped (largest Num.zero)) (cell_at x i j)).
    { intros i j. unfold cell_at, y. cbn [sheet_cells]. rewrite look_mapped.
      destruct (look (sheet_cells x) i); cbn [option_map]; [apply look_mapped|reflexivity]. }
    split; [|split; [exact Hn|split; [exact Hh|split; [exact Hw|]]]].
    - split; [exact Hu|]. intros i j. rewrite E, <- (Hcells i j : _ = insideb (image_of y) i j).
      now destruct (cell_at x i j).
    - intros k i j Hk Hin. cbn [pixel]. rewrite <- (Hp k i j Hk Hin). cbn [image_of pixel].
      change (sheet_unit y) with (sheet_unit x). unfold Rdiv. rewrite !(Rmult_comm _ (/ _)), relu_scale
        by (apply Rlt_le; now apply Rinv_0_lt_compat). f_equal. unfold number_at. rewrite E.
      destruct (cell_at x i j) as [cell|]; cbn [option_map].
      + unfold number_in. rewrite look_mapped. destruct (look cell (Z.of_nat k)); cbn [option_map].
        * rewrite largest_real, real_zero. reflexivity.
        * rewrite real_zero. symmetry. apply relu_pos. lra.
      + rewrite real_zero. symmetry. apply relu_pos. lra.
  Qed.

  Lemma slid_shows n d e x a unit cell value :
    0 < real unit -> sheet_height x = height a -> sheet_width x = width a ->
    (forall k r c, (k < n)%nat -> real (number_in (cell r c) (Z.of_nat k)) = real unit * value k r c) ->
    shows n (slid d e x (Z.of_nat n) unit cell) (Networks.slide (geometry_of d e) a value).
  Proof.
    intros Hu Hh Hw H. unfold slid. rewrite Hh, Hw.
    apply sheet_of_shows; [assumption|reflexivity|reflexivity|]. intros k i j Hk _. now apply H.
  Qed.

  Lemma cells_of_values n d e x a k r c :
    shows n x a -> (k < n)%nat ->
    map (fun cell => real (number_in cell (Z.of_nat k))) (cells_of d e x r c)
    = map (fun p => real (sheet_unit x) * pixel a k (fst p) (snd p)) (Networks.existing (geometry_of d e) a r c).
  Proof.
    intros H Hk. unfold cells_of, Networks.existing. cbn [geometry_of Networks.kernel_rows Networks.kernel_columns].
    rewrite (span_ints (Axis.kernel d)), (span_ints (Axis.kernel e)).
    generalize (list_prod (ints (Axis.kernel d)) (ints (Axis.kernel e))) as l.
    induction l as [|[i j] l IH]; [reflexivity|]. cbn [flat_map map filter fst snd].
    destruct (cell_at x (r + i) (c + j)) as [cell|] eqn:Ec.
    - destruct (cell_number n x a k _ _ cell H Hk Ec) as [E Hin].
      destruct (insideb_spec a (r + i) (c + j)); [|contradiction]. cbn [app map fst snd]. now rewrite E, IH.
    - rewrite (no_cell n x a _ _ H Ec). exact IH.
  Qed.
End Sheets.
