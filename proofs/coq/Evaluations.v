(** The evaluator of [Evaluation.v] is right: what it computes of an image's numbers are the activations and logits of
    [Networks.v], and what contains, avoids, admissible and label mean in [Tasks.v]. *)

From Coq Require Import Reals ZArith NArith List Lra Lia Bool FMapPositive.
From ExactCNN Require Import Sums Images Formulas Numbers Checker Instance Evaluation Soundness Quotients Locals.
From ExactCNN Require Import HeadSequents Certificates.
From ExactCNN Require Axis Tasks Networks.
Import ListNotations.
Open Scope R_scope.

Module Evaluations (Num : SpecifiedNumbers).
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

  (** ** Convolutions *)

  (** The number in a slot; 0 where there is none. *)
  Definition slot_number (cell : array number) (p : BinNums.positive) : R :=
    match PositiveMap.find p cell with Some v => real v | None => 0 end.

  Lemma slot_number_in cell k : (0 <= k)%Z -> slot_number cell (slot k) = real (number_in cell k).
  Proof.
    intros H. unfold slot_number, number_in, look. destruct (Z.ltb_spec k 0); [lia|].
    destruct (PositiveMap.find _ _); [reflexivity|]. now rewrite real_zero.
  Qed.

  Lemma same_cell_numbers p : forall a b, same_cell a b = true -> slot_number a p = slot_number b p.
  Proof.
    unfold slot_number. induction p as [p IH|p IH|]; intros [|l v r] [|l' v' r']; cbn [same_cell PositiveMap.find];
      try discriminate; try reflexivity; rewrite !andb_true_iff; intros ((Hv & Hl) & Hr); auto.
    destruct v, v'; try discriminate; [|reflexivity]. now apply eqb_real.
  Qed.

  (** What weights make of a cell. *)
  Definition part_value (cell : array number) (l : channel_weights) : R :=
    sum l (fun kw => real (snd kw) * slot_number cell (fst kw)).

  Lemma real_part_of cell l : real (part_of cell l) = part_value cell l.
  Proof.
    unfold part_value, part_of. induction l as [|[k w] l IH]; cbn [fold_right sum fst snd]; [apply real_zero|].
    rewrite <- IH. unfold slot_number. destruct (PositiveMap.find k cell); [|lra]. now rewrite real_add, real_mul.
  Qed.

  (** An output's weights at place [p]. *)
  Definition weights_at (across : Z) (taps : list (N * Z * Z * number)) (p : Z) : channel_weights :=
    match look (by_place across taps) p with Some l => l | None => [] end.

  (** A list of what a cell adds to the outputs. *)
  Definition are_parts across taps (cell : array number) (p : Z) (l : list number) : Prop :=
    length l = length taps /\
    forall o, (o < length taps)%nat -> real (nth o l Num.zero) = part_value cell (weights_at across (nth o taps []) p).

  Lemma parts_of_are across area taps cell p :
    (0 <= p < area)%Z -> are_parts across taps cell p (parts_of (place_weights area across taps) cell p).
  Proof.
    intros Hp. unfold parts_of, place_weights. rewrite look_tabulated.
    destruct (Z.leb_spec 0 p), (Z.ltb_spec p area); try lia. cbn [andb]. rewrite !map_map.
    split; [now rewrite map_length|]. intros o Ho.
    rewrite (nth_indep _ _ (part_of cell (weights_at across [] p))) by now rewrite map_length.
    unfold weights_at.
    rewrite (map_nth (fun l => part_of cell (match look (by_place across l) p with Some l => l | None => [] end))).
    apply real_part_of.
  Qed.

  Lemma prepared_parts_are across area taps cells cell p :
    (0 <= p < area)%Z ->
    are_parts across taps cell p
      (prepared_parts (place_weights area across taps)
         (prepare (map (fun c => (c, tabulated area (parts_of (place_weights area across taps) c))) cells) cell) p).
  Proof.
    intros Hp. unfold prepare. destruct (find _ _) as [[c parts]|] eqn:E; [|now apply parts_of_are].
    apply find_some in E. destruct E as [(c' & [= -> <-] & _)%in_map_iff E]. cbn [fst snd prepared_parts] in *.
    rewrite look_tabulated. destruct (Z.leb_spec 0 p), (Z.ltb_spec p area); try lia. cbn [andb].
    destruct (parts_of_are across area taps c p Hp) as [Hl Hv]. split; [exact Hl|]. intros o Ho. rewrite (Hv o Ho).
    unfold part_value. apply sum_ext. intros kw _. f_equal. now apply same_cell_numbers.
  Qed.

  Lemma nth_add_lists o : forall l m, (o < length l)%nat -> length l = length m ->
    real (nth o (add_lists l m) Num.zero) = real (nth o l Num.zero) + real (nth o m Num.zero).
  Proof.
    induction o as [|o IH]; intros [|a l] [|b m]; cbn [length add_lists nth]; try lia; intros H [= E].
    - apply real_add.
    - apply IH; [lia|assumption].
  Qed.

  Lemma add_lists_length l : forall m, length l = length m -> length (add_lists l m) = length l.
  Proof. induction l as [|a l IH]; intros [|b m]; cbn [length add_lists]; try lia. intros [= E]. now rewrite IH. Qed.

  Lemma window_outputs_value across area taps x r c places : forall total,
    length total = length taps -> (forall ij n, In (ij, n) places -> (0 <= n < area)%Z) ->
    let weights := place_weights area across taps in
    let l := window_outputs weights (prepared_cells area weights x) places total r c in
    length l = length taps /\
    forall o, (o < length taps)%nat ->
      real (nth o l Num.zero)
      = real (nth o total Num.zero)
        + sum places (fun p => match cell_at x (r + fst (fst p)) (c + snd (fst p)) with
                               | Some cell => part_value cell (weights_at across (nth o taps []) (snd p))
                               | None => 0
                               end).
  Proof.
    unfold window_outputs, prepared_cells. set (cells := different_cells _ _ _). clearbody cells.
    induction places as [|[[i j] n] places IH]; intros total Ht Hn; cbn [fold_left sum fst snd].
    - split; [assumption|]. intros o Ho. lra.
    - specialize (Hn (i, j)) as Hn'. specialize (Hn' n (or_introl eq_refl)). unfold cell_at at 1.
      rewrite look_mapped. destruct (look (sheet_cells x) (r + i)) as [row|]; cbn [option_map]; [rewrite look_mapped|].
      1: destruct (look row (c + j)) as [cell|]; cbn [option_map].
      1: { destruct (prepared_parts_are across area taps cells cell n Hn') as [Hl Hv].
           destruct (IH (add_lists total (prepared_parts (place_weights area across taps)
             (prepare (map (fun c => (c, tabulated area (parts_of (place_weights area across taps) c))) cells)
                      cell) n)))
             as [H1 H2].
           - rewrite add_lists_length; congruence.
           - intros ij m Hm. apply (Hn ij m). now right.
           - split; [exact H1|]. intros o Ho. rewrite (H2 o Ho), nth_add_lists, (Hv o Ho); [|lia|congruence].
             unfold cell_at. lra. }
      all: destruct (IH total Ht) as [H1 H2]; [intros ij m Hm; apply (Hn ij m); now right|];
        split; [exact H1|]; intros o Ho; rewrite (H2 o Ho); lra.
  Qed.

  (** Weights sorted by their places are the same weights. *)
  Lemma weights_at_cons across k i j w l p :
    (0 <= p)%Z -> (0 <= i * across + j)%Z ->
    weights_at across ((k, i, j, w) :: l) p
    = if (p =? i * across + j)%Z then (slot (Z.of_N k), w) :: weights_at across l p else weights_at across l p.
  Proof.
    intros Hp Hij. unfold weights_at. cbn [by_place]. unfold look at 1.
    destruct (Z.ltb_spec p 0); [lia|]. destruct (Z.eqb_spec p (i * across + j)) as [->|N].
    - now rewrite PositiveMap.gss.
    - rewrite PositiveMap.gso by (intros E; apply N; now apply slot_injective).
      unfold look. destruct (Z.ltb_spec p 0); [lia|reflexivity].
  Qed.

  Lemma by_place_sum across down (value : Z * Z -> channel_weights -> R) l :
    (forall ij, value ij [] = 0) ->
    (forall ij a l, value ij (a :: l) = value ij [a] + value ij l) ->
    (forall k i j w, In (k, i, j, w) l -> (0 <= i < down)%Z /\ (0 <= j < across)%Z) ->
    sum (list_prod (ints down) (ints across)) (fun ij => value ij (weights_at across l (fst ij * across + snd ij)))
    = sum l (fun t => let '(k, i, j, w) := t in value (i, j) [(slot (Z.of_N k), w)]).
  Proof.
    intros H0 Hcons. induction l as [|[[[k i] j] w] l IH]; intros Hl; cbn [sum].
    - apply sum_0. intros ij _. unfold weights_at. cbn [by_place]. unfold look. rewrite PositiveMap.gempty.
      destruct (_ <? _)%Z; apply H0.
    - rewrite <- IH by (intros; eapply Hl; right; eauto). destruct (Hl k i j w (or_introl eq_refl)) as [Hi Hj].
      assert (Edec : forall a b : Z * Z, {a = b} + {a <> b}) by (repeat decide equality).
      rewrite <- (sum_single Edec (list_prod (ints down) (ints across))
                    (fun ij => value ij [(slot (Z.of_N k), w)]) (i, j)).
      + rewrite <- sum_plus. apply sum_ext. intros [i' j'] [Hi'%in_ints Hj'%in_ints]%in_prod_iff. cbn [fst snd].
        rewrite weights_at_cons by nia.
        destruct (Z.eqb_spec (i' * across + j') (i * across + j)) as [E|N], (Edec (i', j') (i, j)) as [E'|N'].
        * apply Hcons.
        * exfalso. apply N'. assert (i' = i) by nia. f_equal; nia.
        * injection E' as -> ->. now destruct N.
        * lra.
      + apply NoDup_prod; apply FinFun.Injective_map_NoDup; try apply seq_NoDup; intros a b E; lia.
      + apply in_prod_iff. now rewrite !in_ints.
  Qed.

  Lemma look_listed_from {A} (l : list A) : forall i j, (0 <= i)%Z ->
    look (listed_from l i) j = if (j <? i)%Z then None else nth_error l (Z.to_nat (j - i)).
  Proof.
    induction l as [|a l IH]; intros i j Hi; cbn [listed_from].
    - unfold look. rewrite PositiveMap.gempty.
      destruct (Z.ltb_spec j 0), (Z.ltb_spec j i); try reflexivity; now destruct (Z.to_nat (j - i)).
    - unfold look in *. destruct (Z.ltb_spec j 0); [now destruct (Z.ltb_spec j i); [|lia]|].
      destruct (Z.eq_dec i j) as [->|N].
      + rewrite PositiveMap.gss, Z.sub_diag. now destruct (Z.ltb_spec j j); [lia|].
      + rewrite PositiveMap.gso by (intros E; apply N; symmetry; now apply slot_injective).
        specialize (IH (i + 1)%Z j ltac:(lia)). destruct (Z.ltb_spec j 0); [lia|]. rewrite IH.
        destruct (Z.ltb_spec j (i + 1)), (Z.ltb_spec j i); try lia; [reflexivity|].
        replace (Z.to_nat (j - i)) with (S (Z.to_nat (j - (i + 1)))) by lia. reflexivity.
  Qed.

  Lemma look_listed {A} (l : list A) i : (0 <= i)%Z -> look (listed l) i = nth_error l (Z.to_nat i).
  Proof.
    intros Hi. unfold listed. rewrite look_listed_from by lia. destruct (Z.ltb_spec i 0); [lia|].
    now rewrite Z.sub_0_r.
  Qed.

  Lemma number_in_listed l o : number_in (listed l) (Z.of_nat o) = nth o l Num.zero.
  Proof.
    unfold number_in. rewrite look_listed, Nat2Z.id by lia.
    destruct (nth_error l o) as [v|] eqn:E; symmetry; [now apply nth_error_nth|].
    now apply nth_overflow, nth_error_None.
  Qed.

  Lemma convolved_value n d e taps bias unit x a r c o :
    shows n x a -> (o < length taps)%nat ->
    (forall k i j w, In (k, i, j, w) (nth o taps []) ->
       (N.to_nat k < n)%nat /\ (0 <= i < Axis.kernel d)%Z /\ (0 <= j < Axis.kernel e)%Z) ->
    let weights := place_weights (Axis.kernel d * Axis.kernel e) (Axis.kernel e) taps in
    real (number_in (listed (window_outputs weights (prepared_cells (Axis.kernel d * Axis.kernel e) weights x)
                               (numbered_places d e)
                               (map (fun o => Num.mul unit (nth o bias Num.zero)) (numbers_of taps)) r c)) (Z.of_nat o))
    = real unit * real (nth o bias Num.zero)
      + real (sheet_unit x) * sum (nth o taps []) (fun t => let '(k, i, j, w) := t in
                                real w * padded a (N.to_nat k) (r + i)%Z (c + j)%Z).
  Proof.
    intros H Ho Htaps weights. rewrite number_in_listed.
    destruct (window_outputs_value (Axis.kernel e) (Axis.kernel d * Axis.kernel e) taps x r c (numbered_places d e)
                (map (fun o => Num.mul unit (nth o bias Num.zero)) (numbers_of taps))) as [_ ->].
    4: exact Ho.
    - unfold numbers_of. now rewrite map_length, seq_length.
    - intros ij m ([i j] & [= <- <-] & [Hi%Axis.in_span Hj%Axis.in_span]%in_prod_iff)%in_map_iff. cbn [fst snd]. nia.
    - f_equal.
      + unfold numbers_of. rewrite (nth_indep _ _ (Num.mul unit (nth 0 bias Num.zero)))
          by now rewrite map_length, seq_length.
        rewrite (map_nth (fun o => Num.mul unit (nth o bias Num.zero))), seq_nth by assumption. apply real_mul.
      + unfold numbered_places. rewrite sum_map, (span_ints (Axis.kernel d)), (span_ints (Axis.kernel e)), <- sum_scale.
        cbn [fst snd]. rewrite (by_place_sum (Axis.kernel e) (Axis.kernel d) (fun ij l =>
          match cell_at x (r + fst ij) (c + snd ij) with Some cell => part_value cell l | None => 0 end)).
        * apply sum_ext. intros [[[k i] j] w] Ht. cbn [fst snd]. destruct (Htaps k i j w Ht) as (Hk & _).
          assert (E := number_padded n x a (N.to_nat k) (r + i) (c + j) H Hk).
          unfold number_at in E. rewrite N_nat_Z in E. destruct (cell_at x (r + i) (c + j)) as [cell|].
          -- unfold part_value. cbn [sum fst snd]. rewrite slot_number_in, E by lia. lra.
          -- rewrite real_zero in E. rewrite (Rmult_comm (real w)), <- Rmult_assoc, <- E. lra.
        * intros ij. now destruct (cell_at _ _ _).
        * intros ij kw l. destruct (cell_at _ _ _); unfold part_value; cbn [sum]; lra.
        * intros k i j w Ht. destruct (Htaps k i j w Ht) as (_ & Hi & Hj). auto.
  Qed.

  Lemma cells_number_positive d e : Axis.level_ok d -> Axis.level_ok e -> 0 < real (cells_number d e).
  Proof. intros (Hd & _) (He & _). unfold cells_number. rewrite real_of_Z. apply (IZR_lt 0). nia. Qed.

  (** The first channels of a layer's output. *)
  Lemma apply_layer_shows l n m x a :
    layer_fine l -> shows (N.to_nat n) x a -> channels_after [l] n = Some m ->
    shows (N.to_nat m) (apply_layer l x) (Networks.apply (layer_of l) a).
  Proof.
    intros (Hrows & Hcolumns & Htaps) H Hm. destruct (shows_size _ x a H) as [Hh Hw].
    assert (Hu := shows_unit _ x a H). assert (Hn := proj1 (proj2 H)).
    destruct l as [inputs d e taps bias u| |d e|d e]; cbn [channels_after] in Hm.
    - destruct (_ && _) eqn:Ei; [|discriminate]. injection Hm as <-.
      apply andb_true_iff in Ei. destruct Ei as [Ei%N.leb_le Hpos%positive_real].
      rewrite Nat2N.id. cbn [apply_layer layer_of Networks.apply].
      assert (Hprod : 0 < real (sheet_unit x) * real u) by now apply Rmult_lt_0_compat.
      apply slid_shows; try assumption; [now rewrite real_mul|].
      intros o r c Ho. cbv zeta. rewrite (convolved_value (N.to_nat n) d e taps bias _ x a) by
        (assumption || (intros k i j w Ht; destruct (Htaps o k i j w Ht) as (Hk & Hi & Hj); repeat split; lia)).
      cbn [geometry_of Networks.kernel_rows Networks.kernel_columns].
      rewrite (convolution_taps (inputs) _ _ taps u o (fun c' i j => padded a c' (r + i)%Z (c + j)%Z))
        by (intros; eapply Htaps; eauto).
      rewrite real_mul. field. lra.
    - injection Hm as <-. cbn [apply_layer layer_of Networks.apply]. now apply relu_shows.
    - injection Hm as <-. cbn [apply_layer layer_of Networks.apply]. rewrite Hn.
      apply slid_shows; try assumption. intros k r c Hk. rewrite number_in_tabulated by lia.
      rewrite real_largest_of, map_map, (cells_of_values (N.to_nat n) d e x a) by assumption.
      apply maximum_scaled. lra.
    - injection Hm as <-. cbn [apply_layer layer_of Networks.apply]. rewrite Hn.
      inversion_clear Hrows as [|? ? Hd _]. inversion_clear Hcolumns as [|? ? He _].
      assert (Hc := cells_number_positive d e Hd He).
      apply slid_shows; try assumption; [rewrite real_mul; now apply Rmult_lt_0_compat|].
      intros k r c Hk. rewrite number_in_tabulated by lia.
      rewrite real_sum_of, sum_map, real_mul.
      rewrite <- (sum_map _ (fun cell => real (number_in cell (Z.of_nat k))) (fun v => v)).
      rewrite (cells_of_values (N.to_nat n) d e x a) by assumption. rewrite sum_map, sum_scale.
      cbn [geometry_of Networks.kernel_rows Networks.kernel_columns]. unfold cells_number in *. rewrite real_of_Z in *.
      field. lra.
  Qed.

  Lemma channels_after_cons l ls n m :
    channels_after (l :: ls) n = Some m -> exists k, channels_after [l] n = Some k /\ channels_after ls k = Some m.
  Proof.
    destruct l as [inputs d e taps bias u| | |]; cbn [channels_after]; eauto.
    destruct (_ && _); [eauto|discriminate].
  Qed.

  Lemma apply_layers_show l : forall n m x a,
    Forall layer_fine l -> shows (N.to_nat n) x a -> channels_after l n = Some m ->
    shows (N.to_nat m) (apply_layers l x) (fold_left (fun b f => Networks.apply f b) (map layer_of l) a).
  Proof.
    induction l as [|l ls IH]; intros n m x a Hl H E; [injection E as <-; exact H|].
    apply channels_after_cons in E. destruct E as (k & E1 & E2). inversion_clear Hl as [|? ? H1 H2].
    cbn [map fold_left]. unfold apply_layers. cbn [fold_left]. apply (IH k); [assumption| |assumption].
    now apply (apply_layer_shows l n).
  Qed.

  Lemma channels_after_app l l' n m :
    channels_after (l ++ l') n = Some m -> exists k, channels_after l n = Some k /\ channels_after l' k = Some m.
  Proof.
    revert n. induction l as [|a l IH]; intros n E; cbn [app] in E; [eexists; split; [reflexivity|exact E]|].
    apply channels_after_cons in E. destruct E as (k & E1 & E2). apply IH in E2. destruct E2 as (k' & E2 & E3).
    exists k'. split; [|assumption].
    destruct a as [inputs d e taps bias u| | |]; cbn [channels_after] in *; try (injection E1 as <-; exact E2).
    destruct (_ && _); [injection E1 as <-; exact E2|discriminate].
  Qed.

  Lemma shows_alike n x a b : shows n x a -> alike n a b -> shows n x b.
  Proof.
    intros (H & Hn & H1 & H2 & H3) (G1 & G2 & G3). split; [assumption|]. split; [assumption|].
    split; [congruence|]. split; [congruence|]. intros k i j Hk Hin. rewrite H3 by assumption.
    apply G3; [assumption|]. unfold inside in *. rewrite <- H1, <- H2. exact Hin.
  Qed.

  (** * Global pools *)

  Lemma places_positions n x a : shows n x a -> sheet_places x = positions a.
  Proof.
    intros H. destruct (shows_size n x a H) as [Hh Hw].
    unfold sheet_places, positions. now rewrite Hh, Hw, (span_ints (height a)), (span_ints (width a)).
  Qed.

  (** A channel of the pooled image, where some lines count more than once. *)
  Definition pooled_with (p : pool_kind) (rows columns : extra) (a : image) (k : nat) : R :=
    let total := sum (positions a) (fun ij =>
      IZR (weight_of rows (fst ij) * weight_of columns (snd ij)) * pixel a k (fst ij) (snd ij)) in
    match p with
    | PoolMax => maximum (map (fun ij => pixel a k (fst ij) (snd ij)) (positions a))
    | PoolSum => total
    | PoolMean => total / IZR ((height a + extra_lines rows) * (width a + extra_lines columns))
    end.

  Definition one_pixel (v : nat -> R) : image := Image 1 1 (fun k _ _ => v k).

  Lemma pooled_sheet_shows p rows columns n x a :
    shows n x a -> (0 < (height a + extra_lines rows) * (width a + extra_lines columns))%Z ->
    shows n (pooled_sheet p rows columns x) (one_pixel (pooled_with p rows columns a)).
  Proof.
    intros H Hpos. assert (Hu := shows_unit n x a H). assert (Hn := proj1 (proj2 H)).
    destruct (shows_size n x a H) as [Hh Hw]. apply (IZR_lt 0) in Hpos.
    unfold pooled_sheet. rewrite Hn.
    assert (Hsum : forall k, (k < n)%nat ->
      real (sum_of (map (fun ij => Num.mul (of_Z (weight_of rows (fst ij) * weight_of columns (snd ij)))
                                           (number_at x (Z.of_nat k) (fst ij) (snd ij))) (sheet_places x)))
      = real (sheet_unit x) * sum (positions a) (fun ij =>
          IZR (weight_of rows (fst ij) * weight_of columns (snd ij)) * pixel a k (fst ij) (snd ij))).
    { intros k Hk. rewrite real_sum_of, sum_map, (places_positions n x a H), <- sum_scale. apply sum_ext.
      intros [i j] Hin%in_positions. rewrite real_mul, real_of_Z, (number_pixel n x a) by assumption.
      cbn [fst snd]. ring. }
    apply sheet_of_shows; try reflexivity.
    - destruct p; try assumption. unfold pool_positions. rewrite real_mul, real_of_Z, Hh, Hw.
      now apply Rmult_lt_0_compat.
    - intros k i j Hk _. rewrite number_in_tabulated by lia. cbn [one_pixel pixel].
      destruct p; cbn [pooled_number pooled_with].
      + rewrite real_largest_of, map_map, (places_positions n x a H), <- maximum_scaled by lra. f_equal.
        apply map_ext_in. intros [r c] Hin%in_positions. now apply number_pixel with (n := n).
      + now apply Hsum.
      + rewrite (Hsum k Hk), real_mul. unfold pool_positions. rewrite real_of_Z, Hh, Hw. field. lra.
  Qed.

  (** The usual pool. *)
  Lemma pooled_plainly p a k :
    (1 <= height a)%Z -> (1 <= width a)%Z ->
    pooled_with p no_extra no_extra a k = Networks.pooled (pool_of p) a k.
  Proof.
    intros Hh Hw.
    assert (Hsum : sum (positions a) (fun ij =>
              IZR (weight_of no_extra (fst ij) * weight_of no_extra (snd ij)) * pixel a k (fst ij) (snd ij))
            = sum (map (fun p => pixel a k (fst p) (snd p)) (positions a)) (fun v => v)).
    { rewrite sum_map. apply sum_ext. intros [i j] _. cbn [fst snd].
      replace (weight_of no_extra i * weight_of no_extra j)%Z with 1%Z; [lra|].
      unfold weight_of, no_extra. cbn [extra_at extra_lines]. now destruct (i =? 0)%Z, (j =? 0)%Z. }
    destruct p; cbn [pooled_with pool_of Networks.pooled]; [reflexivity|assumption|].
    rewrite Hsum. f_equal. rewrite map_length. unfold positions. rewrite prod_length, mult_INR, !ints_length by lia.
    rewrite <- mult_IZR. f_equal. cbn [no_extra extra_lines]. lia.
  Qed.

  (** * Networks *)

  Section OfStatement.
    Variable st : statement.
    Hypothesis st_fine : statement_fine st.
    Hypothesis head_fine : Forall layer_fine (head_layers st).
    Hypothesis channels_ok : channels_okb st = true.

    Let C := N.to_nat (channels st).
    Let T := task_of st.

    Lemma grid_positive : 0 < real (grid st).
    Proof. apply st_fine. Qed.

    (** The stem's outputs. *)
    Lemma channels_parts :
      exists k m, channels_after (stem st) (channels st) = Some k /\ channels_after (head_layers st) k = Some m /\
                  (length (classes st) <= N.to_nat m)%nat.
    Proof.
      assert (H := channels_ok). unfold channels_okb in H.
      destruct (channels_after (stem st ++ head_layers st) (channels st)) as [m|] eqn:E; [|discriminate].
      apply channels_after_app in E. destruct E as (k & E1 & E2). apply N.leb_le in H. exists k, m.
      split; [assumption|]. split; [assumption|]. lia.
    Qed.

    Lemma read_sheet_shows x a :
      shows C x a -> shows C (read_sheet st x) (Networks.read_image (reading_of st) a).
    Proof.
      intros H. assert (Hu := shows_unit C x a H). assert (G := grid_positive).
      destruct st_fine as (_ & Hd & _). unfold read_sheet, reading_of, Networks.read_image.
      destruct (bytes st).
      - apply changed_shows; [assumption|rewrite real_mul, real_add, real_opp; apply Rmult_lt_0_compat; lra|].
        intros v r Ev. rewrite !real_mul, real_of_Z, real_add, real_mul, real_opp, real_mul, real_add, real_opp, Ev.
        unfold Networks.read, end_value. cbn [Networks.scale Networks.origin]. field. lra.
      - apply (shows_alike C x a); [assumption|]. split; [reflexivity|]. split; [reflexivity|]. intros k i j _ _.
        cbn [pixel]. unfold Networks.read, Networks.pixels. cbn [Networks.scale Networks.origin]. ring.
    Qed.

    (** The stem's output is shown, as far as its channels go. *)
    Lemma stem_sheet_shows x a :
      shows C x a ->
      exists k, channels_after (stem st) (channels st) = Some k /\
                shows (N.to_nat k) (stem_sheet st x) (Networks.stem_output (network_of st) a).
    Proof.
      intros H. destruct channels_parts as (k & m & E1 & _). exists k. split; [assumption|].
      apply (apply_layers_show (stem st) (channels st)); [apply st_fine|now apply read_sheet_shows|assumption].
    Qed.

    Lemma logits_value k pooled v z :
      channels_after (stem st) (channels st) = Some k -> shows (N.to_nat k) pooled (one_pixel v) ->
      (z < length (classes st))%nat ->
      0 < real (sheet_unit (logits_sheet st pooled)) /\
      real (number_at (logits_sheet st pooled) (Z.of_nat z) 0 0)
      = real (sheet_unit (logits_sheet st pooled))
        * fold_left (fun v l => Networks.apply_head l v) (map head_of (head st)) v z.
    Proof.
      intros Ek H Hz. destruct channels_parts as (k' & m & E1 & E2 & Hm). assert (k' = k) by congruence. subst k'.
      apply (apply_layers_show (head_layers st) k m) in H; try assumption. fold (logits_sheet st pooled) in H.
      split; [exact (shows_unit _ _ _ H)|].
      assert (Hin : inside (fold_left (fun b f => Networks.apply f b) (map layer_of (head_layers st)) (one_pixel v))
                           0 0).
      { generalize (eq_refl : height (one_pixel v) = 1%Z) (eq_refl : width (one_pixel v) = 1%Z).
        generalize (one_pixel v). unfold head_layers. clear. induction (head st) as [|h l IH]; intros a Hh Hw.
        - cbn [map fold_left]. unfold inside. rewrite Hh, Hw. lia.
        - cbn [map fold_left]. destruct (single_apply h a (fun k => pixel a k 0 0) Hh Hw) as (Hh' & Hw' & _); auto. }
      rewrite (number_pixel _ _ _ z 0 0 H) by (assumption || lia). f_equal.
      now apply single_fold.
    Qed.

    (** The evaluator's logits are the network's. *)
    Theorem evaluated_logits x a z :
      shows C x a -> (1 <= height (Networks.stem_output (network_of st) a))%Z ->
      (1 <= width (Networks.stem_output (network_of st) a))%Z -> (z < length (classes st))%nat ->
      real (number_at (e_logits (evaluate st x)) (Z.of_nat z) 0 0) / real (sheet_unit (e_logits (evaluate st x)))
      = Networks.logit (network_of st) a z.
    Proof.
      intros H Hh Hw Hz. destruct (stem_sheet_shows x a H) as (k & Ek & Hs).
      assert (Hp : (0 < (height (Networks.stem_output (network_of st) a) + extra_lines no_extra)
                        * (width (Networks.stem_output (network_of st) a) + extra_lines no_extra))%Z)
        by (cbn [no_extra extra_lines]; apply Z.mul_pos_pos; lia).
      apply (pooled_sheet_shows (pool st) no_extra no_extra) in Hs; [|exact Hp].
      cbn [evaluate e_logits].
      destruct (logits_value k _ _ z Ek Hs Hz) as [Hu ->]. unfold Networks.logit.
      rewrite (Rmult_comm (real _)). unfold Rdiv. rewrite Rmult_assoc, Rinv_r, Rmult_1_r by lra.
      cbn [network_of Networks.head Networks.pooling].
      assert (E : forall l (v w : nat -> R), (forall k, v k = w k) ->
                forall z, fold_left (fun v l => Networks.apply_head l v) l v z
                          = fold_left (fun v l => Networks.apply_head l v) l w z).
      { clear. induction l as [|h l IH]; intros v w Hvw z; cbn [fold_left]; [apply Hvw|]. apply IH. intros o.
        destruct h as [inputs weight bias|]; cbn [Networks.apply_head]; [|now rewrite Hvw].
        f_equal. apply sum_ext. intros i _. now rewrite Hvw. }
      apply E. intros i. now apply pooled_plainly.
    Qed.

    (** * Features *)

    Lemma eqb_real_iff a b : Num.eqb a b = true <-> real a = real b.
    Proof.
      split; [apply eqb_real|]. intros E. rewrite Num.eqb_to_Z. apply Z.eqb_eq. now apply eq_IZR.
    Qed.

    Lemma leb_real_iff a b : Num.leb a b = true <-> real a <= real b.
    Proof.
      split; [apply leb_real|]. intros E. rewrite Num.leb_to_Z. apply Z.leb_le. now apply le_IZR.
    Qed.

    Lemma fine_sheet_shows x a : shows C x a -> shows C (fine_sheet st x) a.
    Proof.
      intros H. assert (Hu := shows_unit C x a H). assert (G := grid_positive).
      apply (shows_alike C _ (Image (height a) (width a) (fun k i j => pixel a k i j))); [|repeat split].
      apply changed_shows with (g := fun v => v);
        [assumption|rewrite real_mul; now apply Rmult_lt_0_compat|].
      intros v r Ev. rewrite !real_mul, Ev. ring.
    Qed.

    Lemma excess_value x a g box r c :
      shows C x a -> Tasks.window_fits (feature_of st g) a r c ->
      real (excess_number (fine_sheet st x) (template_cells st (sheet_unit x) g box) r c)
      = real (sheet_unit x) * real (grid st)
        * Tasks.excess T (feature_of st g) (template_of st g box) (window a r c).
    Proof.
      intros H Hfit. assert (Hf := fine_sheet_shows x a H). assert (Hu := shows_unit C x a H).
      assert (G := grid_positive). unfold Tasks.window_fits in Hfit. cbn [feature_of Tasks.rows Tasks.columns] in Hfit.
      unfold excess_number, template_cells. rewrite real_sum_of, sum_map, sum_map.
      unfold window_places, Tasks.excess, patch_sum.
      cbn [T task_of feature_of Tasks.channels Tasks.rows Tasks.columns].
      rewrite sum_flat_map, sum_map, <- sum_scale. apply sum_ext. intros k Hk%in_seq.
      rewrite sum_flat_map, (span_ints (f_rows g)), <- sum_scale. apply sum_ext. intros i Hi%in_ints.
      rewrite sum_map, (span_ints (f_columns g)), <- sum_scale. apply sum_ext. intros j Hj%in_ints.
      cbn [template_of Tasks.high Tasks.low]. rewrite !Z.add_0_l. unfold window.
      assert (Hin : inside a (r + i) (c + j)) by (unfold inside; lia).
      assert (Ev := number_pixel C (fine_sheet st x) a k (r + i) (c + j) Hf ltac:(unfold C; lia) Hin).
      cbn [fine_sheet changed sheet_of sheet_unit] in Ev. rewrite real_mul in Ev.
      set (v := pixel a k (r + i)%Z (c + j)%Z) in *. set (U := real (sheet_unit x) * real (grid st)) in *.
      assert (HU : 0 < U) by (unfold U; now apply Rmult_lt_0_compat).
      assert (E : forall e, real (sheet_unit x) * real e = U * end_value st e)
        by (intros e; unfold U, end_value; field; lra).
      rewrite Rmult_plus_distr_l, <- !relu_scale by lra.
      destruct (entry g box (N.of_nat k) i j) as [[lo hi]|]; cbn [excess_part fst snd]; rewrite nat_N_Z, real_add,
        !largest_real, !real_add, !real_opp, real_zero; change (Rmax 0) with relu; rewrite Ev.
      - rewrite !real_mul, !E. f_equal; f_equal; ring.
      - rewrite ?real_zero. f_equal; f_equal; ring.
    Qed.

    Lemma in_corners x a g r c :
      shows C x a -> In (r, c) (corners (fine_sheet st x) g) <-> Tasks.window_fits (feature_of st g) a r c.
    Proof.
      intros H. destruct (shows_size C x a H) as [Hh Hw]. unfold corners. rewrite in_prod_iff, !Axis.in_span.
      cbn [fine_sheet changed sheet_of sheet_height sheet_width]. rewrite Hh, Hw.
      unfold Tasks.window_fits. cbn [feature_of Tasks.rows Tasks.columns]. lia.
    Qed.

    Lemma in_excesses x a g e :
      shows C x a ->
      In e (excesses st (sheet_unit x) (fine_sheet st x) g) ->
      exists box r c, In box (f_templates g) /\ Tasks.window_fits (feature_of st g) a r c /\
        real e = real (sheet_unit x) * real (grid st)
                 * Tasks.excess T (feature_of st g) (template_of st g box) (window a r c).
    Proof.
      intros H He. unfold excesses in He. apply in_flat_map in He. destruct He as (box & Hbox & He).
      apply in_map_iff in He. destruct He as ([r c] & <- & Hrc). cbn [fst snd].
      apply (in_corners x a g r c H) in Hrc. exists box, r, c. split; [assumption|]. split; [assumption|].
      now apply excess_value.
    Qed.

    Lemma excess_listed x a g box r c :
      shows C x a -> In box (f_templates g) -> Tasks.window_fits (feature_of st g) a r c ->
      exists e, In e (excesses st (sheet_unit x) (fine_sheet st x) g) /\
        real e = real (sheet_unit x) * real (grid st)
                 * Tasks.excess T (feature_of st g) (template_of st g box) (window a r c).
    Proof.
      intros H Hbox Hfit. eexists. split; [|apply (excess_value x a g box r c H Hfit)].
      unfold excesses. apply in_flat_map. exists box. split; [assumption|].
      apply (in_map_iff (fun rc => excess_number _ _ (fst rc) (snd rc))). exists (r, c). split; [reflexivity|].
      now apply (in_corners x a g r c H).
    Qed.

    Lemma containsb_spec x a g :
      shows C x a ->
      containsb (excesses st (sheet_unit x) (fine_sheet st x) g) = true <-> Tasks.contains T a (feature_of st g).
    Proof.
      intros H. assert (HU : 0 < real (sheet_unit x) * real (grid st))
        by (apply Rmult_lt_0_compat; [exact (shows_unit C x a H)|apply grid_positive]).
      unfold containsb. rewrite existsb_exists. split.
      - intros (e & He & E%eqb_real). rewrite real_zero in E.
        destruct (in_excesses x a g e H He) as (box & r & c & Hbox & Hfit & Ee).
        exists r, c. split; [assumption|]. exists (template_of st g box). split.
        + cbn [feature_of Tasks.templates]. now apply in_map.
        + rewrite E in Ee. symmetry in Ee. apply Rmult_integral in Ee. destruct Ee; [lra|assumption].
      - intros (r & c & Hfit & t & Ht & E0). cbn [feature_of Tasks.templates] in Ht. apply in_map_iff in Ht.
        destruct Ht as (box & <- & Hbox). destruct (excess_listed x a g box r c H Hbox Hfit) as (e & He & Ee).
        exists e. split; [assumption|]. apply eqb_real_iff. rewrite Ee, E0, real_zero. ring.
    Qed.

    Lemma avoidsb_spec x a g :
      shows C x a -> 0 < real (under (f_gap g)) ->
      avoidsb (sheet_unit (fine_sheet st x)) g (excesses st (sheet_unit x) (fine_sheet st x) g) = true
      <-> Tasks.avoids T a (feature_of st g).
    Proof.
      intros H Hg. set (U := real (sheet_unit x) * real (grid st)).
      assert (HU : 0 < U) by (apply Rmult_lt_0_compat; [exact (shows_unit C x a H)|apply grid_positive]).
      assert (Ebound : forall e v, real e = U * v ->
                Num.leb (Num.mul (over (f_gap g)) (sheet_unit (fine_sheet st x))) (Num.mul e (under (f_gap g))) = true
                <-> Tasks.gap (feature_of st g) <= v).
      { intros e v Ee. rewrite leb_real_iff, !real_mul. cbn [fine_sheet changed sheet_of sheet_unit].
        rewrite real_mul, Ee. fold U. cbn [feature_of Tasks.gap]. unfold ratio_value.
        set (o := real (over (f_gap g))). set (u := real (under (f_gap g))) in *.
        assert (Hd : o / u * u = o) by (field; lra). split; intros Hle.
        - apply (Rmult_le_reg_r (U * u)); [now apply Rmult_lt_0_compat|].
          replace (o / u * (U * u)) with (o * U) by (rewrite <- Hd at 1; ring). lra.
        - replace (o * U) with (o / u * (U * u)) by (rewrite <- Hd at 2; ring).
          replace (U * v * u) with (v * (U * u)) by ring. apply Rmult_le_compat_r; [|assumption].
          apply Rlt_le. now apply Rmult_lt_0_compat. }
      unfold avoidsb. rewrite forallb_forall. split.
      - intros Hall r c Hfit t Ht. cbn [feature_of Tasks.templates] in Ht. apply in_map_iff in Ht.
        destruct Ht as (box & <- & Hbox). destruct (excess_listed x a g box r c H Hbox Hfit) as (e & He & Ee).
        now apply (Ebound e _ Ee), Hall.
      - intros Hall e He. destruct (in_excesses x a g e H He) as (box & r & c & Hbox & Hfit & Ee).
        apply (Ebound e _ Ee). apply (Hall r c Hfit). cbn [feature_of Tasks.templates]. now apply in_map.
    Qed.

    (** * Excesses that are not added up to their end *)

    Lemma excess_part_nonnegative x r c t : 0 <= real (excess_part x r c t).
    Proof.
      destruct t as [[[k i] j] [a b]]. cbn [excess_part]. rewrite real_add, !largest_real, real_zero.
      apply Rplus_le_le_0_compat; apply Rmax_l.
    Qed.

    Lemma excess_number_nonnegative x r c cells : 0 <= real (excess_number x cells r c).
    Proof.
      unfold excess_number. rewrite real_sum_of. induction cells as [|t cells IH]; cbn [map sum]; [lra|].
      assert (H := excess_part_nonnegative x r c t). lra.
    Qed.

    Lemma excess_number_cons x r c t cells :
      real (excess_number x (t :: cells) r c) = real (excess_part x r c t) + real (excess_number x cells r c).
    Proof. unfold excess_number. now rewrite !real_sum_of. Qed.

    (** The same number, or one that is enough and not above it. *)
    Definition as_far (enough : number -> bool) (e' e : number) : Prop :=
      real e' = real e \/ (enough e' = true /\ real e' <= real e).

    Lemma excess_until_value enough x r c cells : forall e total,
      real total = real e + real (excess_number x cells r c) -> as_far enough (excess_until enough x r c e cells) total.
    Proof.
      induction cells as [|t cells IH]; intros e total Ht; cbn [excess_until].
      - left. rewrite Ht. unfold excess_number. rewrite real_sum_of. cbn [map sum]. lra.
      - destruct (enough e) eqn:E.
        + right. split; [assumption|]. rewrite Ht. assert (H := excess_number_nonnegative x r c (t :: cells)). lra.
        + apply IH. rewrite Ht, excess_number_cons, real_add. lra.
    Qed.

    Lemma Forall2_maps {A B} (P : B -> B -> Prop) (f h : A -> B) l :
      (forall a, P (f a) (h a)) -> Forall2 P (map f l) (map h l).
    Proof. intros H. induction l as [|a l IH]; cbn [map]; constructor; auto. Qed.

    Lemma excesses_as_far unit fine g :
      Forall2 (as_far (far (sheet_unit fine) g)) (excesses_until_far st unit fine g) (excesses st unit fine g).
    Proof.
      unfold excesses_until_far, excesses. induction (f_templates g) as [|box l IH]; cbn [flat_map]; [constructor|].
      apply Forall2_app; [|assumption]. apply Forall2_maps. intros rc.
      apply excess_until_value. rewrite real_zero. ring.
    Qed.

    Lemma containsb_as_far unit g l' l : Forall2 (as_far (far unit g)) l' l -> containsb l' = containsb l.
    Proof.
      unfold containsb. induction 1 as [|e' e l' l He _ IH]; cbn [existsb]; [reflexivity|]. rewrite IH. f_equal.
      apply eq_true_iff_eq. rewrite !eqb_real_iff, real_zero.
      destruct He as [->|[Hf Hle]]; [reflexivity|]. unfold far in Hf. apply andb_true_iff in Hf.
      destruct Hf as [Hp%negb_true_iff%leb_false_real _]. rewrite real_zero in Hp. split; lra.
    Qed.

    Lemma avoidsb_as_far unit g l' l :
      0 < real (under (f_gap g)) -> Forall2 (as_far (far unit g)) l' l -> avoidsb unit g l' = avoidsb unit g l.
    Proof.
      intros Hu. unfold avoidsb.
      induction 1 as [|e' e l' l He _ IH]; cbn [forallb]; [reflexivity|]. rewrite IH. f_equal.
      apply eq_true_iff_eq. rewrite !leb_real_iff, !real_mul.
      destruct He as [->|[Hf Hle]]; [reflexivity|]. unfold far in Hf. apply andb_true_iff in Hf.
      destruct Hf as [_ Hg%leb_real]. rewrite !real_mul in Hg.
      assert (real e' * real (under (f_gap g)) <= real e * real (under (f_gap g)))
        by (apply Rmult_le_compat_r; lra). split; lra.
    Qed.

    (** * Labels *)

    (** What the states of the features say is true of the image. *)
    Definition states_mean (a : image) (states : list (bool * bool)) : Prop :=
      Forall2 (fun g s => (fst s = true <-> Tasks.contains T a (feature_of st g)) /\
                          (snd s = true <-> Tasks.avoids T a (feature_of st g))) (features st) states.

    Theorem feature_states_mean x a : shows C x a -> states_mean a (feature_states st x).
    Proof.
      intros H. destruct st_fine as (_ & _ & _ & Hg). unfold states_mean, feature_states.
      assert (Hall : forall l, (forall g, In g l -> In g (features st)) ->
        Forall2 (fun g s => (fst s = true <-> Tasks.contains T a (feature_of st g)) /\
                            (snd s = true <-> Tasks.avoids T a (feature_of st g))) l
          (map (fun g => let l := excesses_until_far st (sheet_unit x) (fine_sheet st x) g in
                         (containsb l, avoidsb (sheet_unit (fine_sheet st x)) g l)) l)).
      { induction l as [|g l IH]; intros Hl; cbn [map]; constructor.
        - assert (Hu : 0 < real (under (f_gap g))) by (apply (Hg g); apply Hl; now left).
          assert (Hfar := excesses_as_far (sheet_unit x) (fine_sheet st x) g).
          cbn [fst snd]. rewrite (containsb_as_far _ g _ _ Hfar), (avoidsb_as_far _ g _ _ Hu Hfar).
          split; [now apply containsb_spec|now apply avoidsb_spec].
        - apply IH. intros h Hh. apply Hl. now right. }
      now apply Hall.
    Qed.

    Lemma Forall2_nth {A B} (P : A -> B -> Prop) l m n a :
      Forall2 P l m -> nth_error l n = Some a -> exists b, nth_error m n = Some b /\ P a b.
    Proof.
      intros H. revert n. induction H as [|a' b l m Hab _ IH]; intros [|n]; cbn [nth_error]; try discriminate; auto.
      intros [= <-]. eauto.
    Qed.

    Lemma Forall2_lengths {A B} (P : A -> B -> Prop) l m : Forall2 P l m -> length l = length m.
    Proof. induction 1; simpl; congruence. Qed.

    Section States.
      Variables (a : image) (states : list (bool * bool)).
      Hypothesis meant : states_mean a states.

      Lemma state_of n f :
        Tasks.numbered T n f ->
        exists s, nth_error states n = Some s /\ (fst s = true <-> Tasks.contains T a f) /\
                  (snd s = true <-> Tasks.avoids T a f).
      Proof.
        unfold Tasks.numbered. cbn [T task_of Tasks.features]. intros Hn.
        destruct (nth_error (features st) n) as [g|] eqn:E.
        - rewrite (map_nth_error _ _ _ E) in Hn. injection Hn as <-. exact (Forall2_nth _ _ _ n g meant E).
        - apply nth_error_None in E. rewrite (proj2 (nth_error_None _ n)) in Hn by now rewrite map_length. discriminate.
      Qed.

      Lemma state_numbered n s : nth_error states n = Some s -> exists f, Tasks.numbered T n f.
      Proof.
        intros E. destruct (nth_error (features st) n) as [g|] eqn:Eg.
        - exists (feature_of st g). unfold Tasks.numbered. cbn [T task_of Tasks.features]. now apply map_nth_error.
        - exfalso. apply nth_error_None in Eg. assert (n < length states)%nat by (apply nth_error_Some; congruence).
          assert (Hl := Forall2_lengths _ _ _ meant). lia.
      Qed.

      Lemma alternative_true_spec l : alternative_true states l = true <-> Tasks.alternative_holds T a l.
      Proof.
        unfold alternative_true, Tasks.alternative_holds. rewrite andb_true_iff, !forallb_forall. split.
        - intros [Hr Hf]. split; intros n f Hn Hnum; destruct (state_of n f Hnum) as (s & E & H1 & H2).
          + specialize (Hr n Hn). rewrite E in Hr. now apply H1.
          + specialize (Hf n Hn). rewrite E in Hf. now apply H2.
        - intros [Hr Hf]. split; intros n Hn; destruct (nth_error states n) as [s|] eqn:E; try reflexivity;
            destruct (state_numbered n s E) as (f & Hnum); destruct (state_of n f Hnum) as (s' & E' & H1 & H2);
            assert (s' = s) by congruence; subst s'.
          + apply H1. now apply (Hr n).
          + apply H2. now apply (Hf n).
      Qed.

      Lemma formula_true_spec c : formula_true states c = true <-> Tasks.formula_holds T a c.
      Proof.
        destruct c as [l|]; cbn [formula_true Tasks.formula_holds]; [|split; [discriminate|intros []]].
        rewrite existsb_exists. split; intros (b & Hb & E); exists b; (split; [assumption|]);
          now apply alternative_true_spec.
      Qed.

      Lemma class_true_spec c : class_true st states c = true <-> Tasks.class_holds T a c.
      Proof.
        destruct c as [l|]; cbn [class_true Tasks.class_holds]; [apply formula_true_spec|].
        rewrite forallb_forall. cbn [T task_of Tasks.classes]. split; intros H c Hc.
        - specialize (H c Hc). intros Hf. apply formula_true_spec in Hf. rewrite Hf in H. discriminate.
        - destruct (formula_true states c) eqn:E; [|reflexivity]. exfalso. apply (H c Hc). now apply formula_true_spec.
      Qed.

      Lemma in_true_classes y :
        In y (true_classes st states) <-> exists c, nth_error (classes st) y = Some c /\ Tasks.class_holds T a c.
      Proof.
        unfold true_classes. rewrite filter_In. unfold numbers_of. rewrite in_seq. split.
        - intros [_ H]. destruct (nth_error (classes st) y) as [c|]; [|discriminate]. exists c.
          split; [reflexivity|]. now apply class_true_spec.
        - intros (c & E & H). rewrite E. split; [|now apply class_true_spec].
          assert (y < length (classes st))%nat by (apply nth_error_Some; congruence). lia.
      Qed.

      Theorem label_in_spec y : label_in st states = Some y <-> Tasks.labelled T a y.
      Proof.
        assert (Hnodup : NoDup (true_classes st states)) by (apply NoDup_filter, seq_NoDup).
        assert (Hin := in_true_classes). unfold label_in, Tasks.labelled. cbn [T task_of Tasks.classes]. split.
        - destruct (true_classes st states) as [|z [|z' l]]; try discriminate. intros [= ->].
          destruct (proj1 (Hin y) (or_introl eq_refl)) as (c & E & H). exists c. split; [assumption|].
          split; [assumption|]. intros z c' E' H'.
          destruct (proj2 (Hin z) (ex_intro _ c' (conj E' H'))) as [->|[]]. reflexivity.
        - intros (c & E & H & Hunique).
          assert (Hall : forall z, In z (true_classes st states) -> z = y).
          { intros z Hz. apply Hin in Hz. destruct Hz as (c' & E' & H'). exact (Hunique z c' E' H'). }
          assert (Hy : In y (true_classes st states)) by (apply Hin; eauto).
          destruct (true_classes st states) as [|z [|z' l]]; [destruct Hy| |].
          + f_equal. apply Hall. now left.
          + inversion_clear Hnodup as [|? ? Hn _]. exfalso. apply Hn. left.
            rewrite (Hall z), (Hall z'); [reflexivity|right; now left|now left].
      Qed.

      Lemma decidedb_spec :
        decidedb states = true
        <-> forall f, In f (Tasks.features T) -> Tasks.contains T a f \/ Tasks.avoids T a f.
      Proof.
        unfold decidedb. rewrite forallb_forall. split.
        - intros H f Hf. apply In_nth_error in Hf. destruct Hf as [n Hn].
          destruct (state_of n f Hn) as (s & E & H1 & H2). apply nth_error_In in E. specialize (H s E).
          apply orb_true_iff in H. tauto.
        - intros H s Hs. apply In_nth_error in Hs. destruct Hs as [n Hn].
          destruct (state_numbered n s Hn) as (f & Hf). destruct (state_of n f Hf) as (s' & E & H1 & H2).
          assert (s' = s) by congruence. subst s'. apply orb_true_iff.
          destruct (H f (nth_error_In _ _ Hf)); tauto.
      Qed.
    End States.

    Lemma is_imageb_spec x a : shows C x a -> is_imageb st x = true <-> Tasks.is_image T a.
    Proof.
      intros H. destruct (shows_size C x a H) as [Hh Hw]. assert (Hu := shows_unit C x a H).
      assert (G := grid_positive). unfold is_imageb, Tasks.is_image.
      rewrite !andb_true_iff, !Z.leb_le, Hh, Hw, (places_positions C x a H), forallb_forall.
      assert (E : forall k i j, (k < C)%nat -> inside a i j ->
        (Num.leb (Num.mul (dark st) (sheet_unit x)) (Num.mul (grid st) (number_at x (Z.of_nat k) i j))
         && Num.leb (Num.mul (grid st) (number_at x (Z.of_nat k) i j)) (Num.mul (bright st) (sheet_unit x)) = true
         <-> Tasks.darkest T <= pixel a k i j <= Tasks.brightest T)).
      { intros k i j Hk Hin. rewrite andb_true_iff, !leb_real_iff, !real_mul, (number_pixel C x a) by assumption.
        cbn [T task_of Tasks.darkest Tasks.brightest]. unfold end_value.
        set (U := real (sheet_unit x)) in *. set (g := real (grid st)) in *. set (v := pixel a k i j).
        assert (Hpos : 0 < U * g) by now apply Rmult_lt_0_compat.
        assert (Ed : forall e, real e * U = real e / g * (U * g)) by (intros e; field; lra).
        rewrite !Ed. replace (g * (U * v)) with (v * (U * g)) by ring. split; intros [H1 H2]; split.
        - now apply Rmult_le_reg_r in H1.
        - now apply Rmult_le_reg_r in H2.
        - apply Rmult_le_compat_r; lra.
        - apply Rmult_le_compat_r; lra. }
      split.
      - intros [[H1 H2] Hall]. split; [assumption|]. split; [assumption|]. intros k i j Hk Hin.
        apply E; [exact Hk|assumption|].
        specialize (Hall (i, j) (proj2 (in_positions a i j) Hin)). rewrite forallb_forall in Hall.
        cbn [fst snd] in Hall. apply Hall. apply Axis.in_span. cbn [T task_of Tasks.channels] in Hk. lia.
      - intros (H1 & H2 & Hall). split; [split; assumption|]. intros [i j] Hin%in_positions. apply forallb_forall.
        intros k Hk%Axis.in_span. cbn [fst snd]. rewrite <- (Z2Nat.id k) by lia.
        assert (Hk' : (Z.to_nat k < C)%nat) by (unfold C; lia).
        apply E; [assumption|assumption|]. now apply Hall.
    Qed.

    Theorem admissibleb_spec x a : shows C x a -> admissibleb st x = true <-> Tasks.admissible T a.
    Proof.
      intros H. unfold admissibleb, Tasks.admissible. cbv zeta.
      rewrite !andb_true_iff, (is_imageb_spec x a H), (decidedb_spec a _ (feature_states_mean x a H)).
      assert (L := label_in_spec a _ (feature_states_mean x a H)).
      split; intros (H1 & H2 & H3); (split; [assumption|split; [assumption|]]).
      - destruct (label_in st (feature_states st x)) as [y|]; [|discriminate]. exists y. now apply L.
      - destruct H3 as [y Hy]. apply L in Hy. now rewrite Hy.
    Qed.

    Theorem label_of_spec x a y : shows C x a -> label_of st x = Some y <-> Tasks.labelled T a y.
    Proof. intros H. apply (label_in_spec a _ (feature_states_mean x a H)). Qed.
  End OfStatement.
End Evaluations.
