(** The evaluator's layers and global pools are those of [Networks.v]. *)

From Coq Require Import Reals ZArith NArith List Lra Lia Bool FMapPositive.
From ExactCNN Require Import Sums Images Formulas Numbers Checker Instance Evaluation Soundness Quotients Locals.
From ExactCNN Require Import HeadSequents Certificates Sheets.
From ExactCNN Require Axis Tasks Networks.
Import ListNotations.
Open Scope R_scope.

Module Layers (Num : SpecifiedNumbers).
  Module Export Shown := Sheets Num.

  (** * Convolutions *)

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
End Layers.
