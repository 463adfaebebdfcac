(** Local sequents say what they should (FORMAT.md, "Local sequents"): if [check_local] accepts a bound at a kind of
    position, the stem's output has that bound at every position of that kind, in every image for which the hypotheses
    hold. Here is also what a statement means: its task and its network over the reals. *)

From Coq Require Import Reals ZArith NArith List Lra Lia Bool FMapPositive.
From ExactCNN Require Import Sums Images Numbers Checker Instance Soundness Quotients.
From ExactCNN Require Axis Tasks Networks.
Import ListNotations.
Open Scope R_scope.

(** * Sums over windows *)

Lemma patch_sum_sum {A} channels rows columns (l : list A) f :
  patch_sum channels rows columns (fun c i j => sum l (fun a => f a c i j))
  = sum l (fun a => patch_sum channels rows columns (f a)).
Proof.
  induction l as [|a l IH]; cbn [sum].
  - apply sum_0; intros; apply sum_0; intros; apply sum_0; reflexivity.
  - now rewrite patch_sum_plus, IH.
Qed.

(** One term. *)
Lemma patch_sum_single channels rows columns k r s f :
  Images.place channels rows columns k r s ->
  patch_sum channels rows columns (fun c i j => if ((k =? c)%nat && (r =? i)%Z && (s =? j)%Z) then f c i j else 0)
    = f k r s.
Proof.
  intros (Hk & Hr & Hs). unfold patch_sum.
  assert (Hints : forall n, NoDup (ints n)).
  { intros n. unfold ints. apply FinFun.Injective_map_NoDup; [intros a b; lia|apply seq_NoDup]. }
  rewrite (sum_ext _ _ (fun c => if Nat.eq_dec c k then f k r s else 0)).
  - rewrite (sum_single Nat.eq_dec _ (fun _ => f k r s)); [reflexivity|apply seq_NoDup|apply in_seq; lia].
  - intros c _. destruct (Nat.eq_dec c k) as [->|N].
    + rewrite (sum_ext _ _ (fun i => if Z.eq_dec i r then f k r s else 0)).
      * rewrite (sum_single Z.eq_dec _ (fun _ => f k r s)); [reflexivity|apply Hints|now apply in_ints].
      * intros i _. destruct (Z.eq_dec i r) as [->|N].
        -- rewrite (sum_ext _ _ (fun j => if Z.eq_dec j s then f k r s else 0)).
           ++ rewrite (sum_single Z.eq_dec _ (fun _ => f k r s)); [reflexivity|apply Hints|now apply in_ints].
           ++ intros j _. rewrite Nat.eqb_refl, Z.eqb_refl. cbn [andb].
              destruct (Z.eqb_spec s j), (Z.eq_dec j s); congruence.
        -- apply sum_0. intros j _. destruct (Z.eqb_spec r i); [congruence|]. now rewrite andb_false_r.
    + apply sum_0; intros i _. apply sum_0; intros j _. destruct (Nat.eqb_spec k c); [congruence|reflexivity].
Qed.

(** Where no term is negative and the sum is 0, all are 0. *)
Lemma patch_sum_zero channels rows columns f k r s :
  (forall c i j, Images.place channels rows columns c i j -> 0 <= f c i j) ->
  patch_sum channels rows columns f = 0 -> Images.place channels rows columns k r s -> f k r s = 0.
Proof.
  intros Hf H0 (Hk & Hr & Hs).
  assert (H1 : sum (ints rows) (fun i => sum (ints columns) (fun j => f k i j)) <= patch_sum channels rows columns f).
  { apply (term_le_sum (seq 0 channels) (fun c => sum (ints rows) (fun i => sum (ints columns) (fun j => f c i j)))).
    - intros c Hc%in_seq. apply sum_nonneg; intros i Hi%in_ints. apply sum_nonneg; intros j Hj%in_ints.
      apply Hf. unfold Images.place. lia.
    - apply in_seq. lia. }
  assert (H2 : sum (ints columns) (fun j => f k r j)
               <= sum (ints rows) (fun i => sum (ints columns) (fun j => f k i j))).
  { apply (term_le_sum (ints rows) (fun i => sum (ints columns) (fun j => f k i j))).
    - intros i Hi%in_ints. apply sum_nonneg; intros j Hj%in_ints. apply Hf. unfold Images.place. lia.
    - now apply in_ints. }
  assert (H3 : f k r s <= sum (ints columns) (fun j => f k r j)).
  { apply (term_le_sum (ints columns) (fun j => f k r j)).
    - intros j Hj%in_ints. apply Hf. unfold Images.place. lia.
    - now apply in_ints. }
  assert (0 <= f k r s) by (apply Hf; unfold Images.place; lia). lra.
Qed.

Lemma span_ints n : Axis.span 0 n = ints n.
Proof. unfold Axis.span, ints. apply map_ext. intros k. lia. Qed.

Module Locals (Num : SpecifiedNumbers).
  Module Export Meaning := Quotients Num.

  (** * What a statement means *)

  Definition geometry_of (d a : Axis.level) : Networks.geometry :=
    Networks.Geometry (Axis.kernel d) (Axis.kernel a) (Axis.stride d) (Axis.stride a)
                      (Axis.before d) (Axis.before a) (Axis.after d) (Axis.after a).

  Definition tap_weight (taps : list (list (N * Z * Z * number))) (u : number) (o c : nat) (i j : Z) : R :=
    sum (nth o taps []) (fun t => let '(k, r, s, w) := t in
      if ((N.to_nat k =? c)%nat && (r =? i)%Z && (s =? j)%Z) then real w / real u else 0).

  Definition layer_of (l : stem_layer) : Networks.layer :=
    match l with
    | SConv inputs d a taps bias u =>
        Networks.Conv (N.to_nat inputs) (geometry_of d a) (tap_weight taps u)
                      (fun o => real (nth o bias Num.zero) / real u)
    | SRelu => Networks.Relu
    | SMaxPool d a => Networks.MaxPool (geometry_of d a)
    | SAvgPool d a => Networks.AvgPool (geometry_of d a)
    end.

  Definition end_value (st : statement) (e : number) : R := real e / real (grid st).

  Definition template_of (st : statement) (g : feature) (box : list (number * number)) : Tasks.template :=
    let at_place select c i j := match entry g box (N.of_nat c) i j with
                                 | Some ab => end_value st (select ab)
                                 | None => 0
                                 end in
    Tasks.Template (at_place fst) (at_place snd).

  Definition feature_of (st : statement) (g : feature) : Tasks.feature :=
    Tasks.Feature (f_rows g) (f_columns g) (ratio_value (f_gap g)) (map (template_of st g) (f_templates g)).

  Definition task_of (st : statement) : Tasks.task :=
    Tasks.Task (N.to_nat (channels st)) (end_value st (dark st)) (end_value st (bright st))
               (map (feature_of st) (features st)) (classes st).

  (** A network that reads bytes reads 255 (x - low) / (high - low). *)
  Definition reading_of (st : statement) : Networks.reading :=
    if bytes st
    then Networks.Reading (end_value st (dark st)) (255 / (end_value st (bright st) - end_value st (dark st)))
    else Networks.pixels.

  (** * What is asked of a statement here *)

  Definition layer_fine (l : stem_layer) : Prop :=
    Forall Axis.level_ok (row_levels_of l) /\ Forall Axis.level_ok (column_levels_of l) /\
    match l with
    | SConv inputs d a taps _ u =>
        forall o k r s w, In (k, r, s, w) (nth o taps []) ->
          (k < inputs)%N /\ (0 <= r < Axis.kernel d)%Z /\ (0 <= s < Axis.kernel a)%Z
    | _ => True
    end.

  Definition statement_fine (st : statement) : Prop :=
    0 < real (grid st) /\ real (dark st) < real (bright st) /\ Forall layer_fine (stem st) /\
    forall g, In g (features st) -> (1 <= f_rows g)%Z /\ (1 <= f_columns g)%Z /\ 0 < real (under (f_gap g)).

  (** * One layer *)

  (** The value at a place of a level whose range starts at (U, V). *)
  Definition at_range (a : image) (U V : Z) (p : place) : R :=
    let '(k, r, c) := p in pixel a (N.to_nat k) (U + r)%Z (V + c)%Z.

  Lemma weighted_means vals m a U V weights q :
    known_means vals m (at_range a U V) -> weighted m weights = Some q ->
    means vals q (sum weights (fun w => real (snd w) * pixel a (N.to_nat (fst w)) U V)).
  Proof.
    intros Hm E. unfold weighted in E. apply bind_some in E. destruct E as (parts & Hparts%all_spec & E).
    set (value := fun w : N * number => pixel a (N.to_nat (fst w)) U V).
    assert (Hvalues : Forall2 (fun p v => real (fst p) = fst v /\ means vals (snd p) (snd v)) parts
                              (map (fun w => (real (snd w), value w)) weights)).
    { clear E. revert parts Hparts.
      induction weights as [|[k c] weights IH]; intros [|p parts] Hparts; try discriminate; constructor.
      - cbn [map fst snd] in *. injection Hparts as Hp _.
        destruct (find_place m (k, 0%Z, 0%Z)) as [q'|] eqn:Eq; [|discriminate]. injection Hp as <-.
        split; [reflexivity|]. specialize (Hm _ _ Eq). cbn [at_range] in Hm. now rewrite !Z.add_0_r in Hm.
      - apply IH. now injection Hparts. }
    apply (combine_means vals parts _ _ _ _ Hvalues) in E.
    rewrite sum_map in E. cbn [fst snd] in E. rewrite real_zero, real_one in E.
    unfold Rdiv in E. now rewrite Rplus_0_r, Rinv_1, Rmult_1_r in E.
  Qed.

  Definition view_fine (w : view) (a : image) (U V : Z) : Prop :=
    row_clip w = Axis.clip U (row_field w) (height a) /\ column_clip w = Axis.clip V (column_field w) (width a).

  Definition padded_at (a : image) (U V : Z) (p : place) : R :=
    let '(k, r, c) := p in padded a (N.to_nat k) (U + r)%Z (V + c)%Z.

  Lemma exists_inside w a U V k r c :
    view_fine w a U V -> in_field w (k, r, c) = true -> exists_in w (k, r, c) = insideb a (U + r) (V + c).
  Proof.
    intros [Hr Hc] Hf. unfold in_field in Hf. rewrite !andb_true_iff, !Z.leb_le, !Z.ltb_lt in Hf.
    unfold exists_in, here, insideb. rewrite Hr, Hc.
    assert (G := Axis.clip_spec U (row_field w) (height a) r ltac:(lia)).
    assert (G' := Axis.clip_spec V (column_field w) (width a) c ltac:(lia)).
    apply eq_true_iff_eq. rewrite !andb_true_iff, !Z.leb_le, !Z.ltb_lt. tauto.
  Qed.

  Lemma exists_padded w a U V p :
    view_fine w a U V -> in_field w p = true ->
    padded_at a U V p = if exists_in w p then at_range a U V p else 0.
  Proof.
    intros Hw Hf. destruct p as [[k r] c]. rewrite (exists_inside w a U V) by assumption.
    unfold padded_at, at_range, padded. reflexivity.
  Qed.

  (** A sum over existing places is a sum over all, with zeros. *)
  Lemma sum_existing w a U V (l : list (number * place)) :
    view_fine w a U V -> (forall o, In o l -> in_field w (snd o) = true) ->
    sum (filter (fun o => exists_in w (snd o)) l) (fun o => real (fst o) * at_range a U V (snd o))
    = sum l (fun o => real (fst o) * padded_at a U V (snd o)).
  Proof.
    intros Hw Hl. induction l as [|o l IH]; cbn [filter sum]; [reflexivity|].
    rewrite (exists_padded w) by auto with datatypes.
    specialize (IH ltac:(auto with datatypes)).
    destruct (exists_in w (snd o)); cbn [sum]; rewrite IH; lra.
  Qed.

  Lemma convolution_taps inputs rows columns taps (u : number) o (P : nat -> Z -> Z -> R) :
    (forall k r s w, In (k, r, s, w) (nth o taps []) -> (k < inputs)%N /\ (0 <= r < rows)%Z /\ (0 <= s < columns)%Z) ->
    patch_sum (N.to_nat inputs) rows columns (fun c i j => tap_weight taps u o c i j * P c i j)
    = sum (nth o taps []) (fun t => let '(k, r, s, w) := t in real w * P (N.to_nat k) r s) / real u.
  Proof.
    intros Hin. unfold tap_weight. set (l := nth o taps []) in *.
    rewrite (patch_sum_ext _ _ _ _ (fun c i j => sum l (fun t => let '(k, r, s, w) := t in
               if ((N.to_nat k =? c)%nat && (r =? i)%Z && (s =? j)%Z) then real w / real u * P c i j else 0))).
    2: { intros c i j _. rewrite (Rmult_comm _ (P c i j)), <- sum_scale. apply sum_ext. intros [[[k r] s] w] _.
         destruct (_ && _); lra. }
    rewrite patch_sum_sum. unfold Rdiv at 2. rewrite (Rmult_comm _ (/ real u)), <- sum_scale.
    apply sum_ext. intros [[[k r] s] w] Ht.
    rewrite (patch_sum_single _ _ _ (N.to_nat k) r s (fun c i j => real w / real u * P c i j)).
    - lra.
    - destruct (Hin k r s w Ht) as (Hk & Hr & Hs). unfold Images.place. lia.
  Qed.

  (** The list of existing cells of a pool, on both sides. *)
  Lemma existing_cells w a U V d e k r c :
    view_fine w a U V ->
    (forall o, In o (window_cells d e (k, r, c)) -> in_field w (snd o) = true) ->
    map (fun o => at_range a U V (snd o)) (filter (fun o => exists_in w (snd o)) (window_cells d e (k, r, c)))
    = map (fun p => pixel a (N.to_nat k) (fst p) (snd p))
          (Networks.existing (geometry_of d e) a (U + r * Axis.stride d)%Z (V + c * Axis.stride e)%Z).
  Proof.
    intros Hw. unfold Networks.existing, window_cells. cbn [geometry_of Networks.kernel_rows Networks.kernel_columns].
    rewrite (span_ints (Axis.kernel d)), (span_ints (Axis.kernel e)).
    generalize (list_prod (ints (Axis.kernel d)) (ints (Axis.kernel e))) as l.
    induction l as [|[i j] l IH]; intros Hf; cbn [map filter fst snd]; [reflexivity|].
    rewrite (exists_inside w a U V) by (auto; apply (Hf (Num.one, _)); now left).
    specialize (IH ltac:(intros o Ho; apply Hf; now right)).
    replace (U + (r * Axis.stride d + i))%Z with (U + r * Axis.stride d + i)%Z by lia.
    replace (V + (c * Axis.stride e + j))%Z with (V + c * Axis.stride e + j)%Z by lia.
    destruct (insideb _ _ _); cbn [map fst snd]; rewrite IH; [|reflexivity].
    f_equal. unfold at_range. f_equal; lia.
  Qed.

  (** Where the range below a layer starts. *)
  Definition range_below (levels : list Axis.level) (U : Z) : Z :=
    match levels with [] => U | d :: _ => (U * Axis.stride d - Axis.before d)%Z end.

  Lemma Forall2_map_right {A B C} (P : A -> C -> Prop) (f : B -> C) l m :
    Forall2 (fun a b => P a (f b)) l m -> Forall2 P l (map f m).
  Proof. induction 1; constructor; auto. Qed.

  Lemma Forall2_map_left {A B C} (P : C -> B -> Prop) (f : A -> C) l m :
    Forall2 (fun a b => P (f a) b) l m -> Forall2 P (map f l) m.
  Proof. induction 1; constructor; auto. Qed.

  Lemma layer_place_means l w vals m s q s' p a U V :
    layer_fine l ->
    (l <> SRelu -> view_fine w a (range_below (row_levels_of l) U) (range_below (column_levels_of l) V)) ->
    known_means vals m (at_range a (range_below (row_levels_of l) U) (range_below (column_levels_of l) V)) ->
    describes vals s -> layer_place l w m p s = Some (q, s') ->
    exists vs, describes (vals ++ vs) s' /\ means (vals ++ vs) q (at_range (Networks.apply (layer_of l) a) U V p).
  Proof.
    intros (_ & _ & Hl) Hw Hm Hs E. destruct p as [[k r] c].
    destruct l as [inputs d e taps bias u| |d e|d e]; cbn [layer_place] in E; apply bind_some in E;
      destruct E as (parts & Hg & E); cbn [row_levels_of column_levels_of range_below] in *.
    - (* convolution *)
      specialize (Hw ltac:(discriminate)).
      destruct (gather_means vals w m _ _ parts Hm Hg) as [Hf Hparts].
      destruct (combine parts _ u) as [q'|] eqn:Ec; [|discriminate]. injection E as <- <-.
      exists []. rewrite app_nil_r. split; [assumption|].
      apply (combine_means vals parts (map (fun o => (real (fst o),
        at_range a (U * Axis.stride d - Axis.before d)%Z (V * Axis.stride e - Axis.before e)%Z (snd o)))
               (filter (fun o => exists_in w (snd o)) (sources (SConv inputs d e taps bias u) (k, r, c))))) in Ec.
      2: { apply Forall2_map_right. exact Hparts. }
      cbn [layer_of Networks.apply]. unfold at_range at 1. unfold Networks.convolution, Networks.slide. cbn [pixel].
      cbn [geometry_of Networks.kernel_rows Networks.kernel_columns Networks.down Networks.right Networks.top
        Networks.left].
      rewrite convolution_taps by (intros; eapply Hl; eauto).
      rewrite sum_map in Ec. cbn [fst snd] in Ec. rewrite (sum_existing w) in Ec by assumption.
      eapply eq_rect; [exact Ec|]. unfold channel_of. cbn [fst snd].
      unfold Rdiv at 1. rewrite Rmult_plus_distr_r. unfold Rdiv. do 2 f_equal.
      cbn [sources window_taps]. unfold channel_of. cbn [fst snd]. rewrite sum_map.
      apply sum_ext. intros [[[k' i] j] v] _. cbn [fst snd padded_at]. do 2 f_equal; lia.
    - (* ReLU *)
      destruct (maximum_of_means vals true [parts] [at_range a U V (k, r, c)] s q s') as (vs & H & H').
      + constructor; [exact (Hm _ _ Hg)|constructor].
      + assumption.
      + assumption.
      + exists vs. split; [assumption|]. exact H'.
    - (* maxima *)
      specialize (Hw ltac:(discriminate)).
      destruct (gather_means vals w m _ _ parts Hm Hg) as [Hf Hparts].
      destruct (maximum_of_means vals false (map snd parts)
                  (map (fun o => at_range a (U * Axis.stride d - Axis.before d)%Z
                                            (V * Axis.stride e - Axis.before e)%Z (snd o))
                       (filter (fun o => exists_in w (snd o)) (sources (SMaxPool d e) (k, r, c)))) s q s')
        as (vs & H & H').
      + apply Forall2_map_left, Forall2_map_right. clear -Hparts.
        induction Hparts as [|? ? ? ? [_ ?]]; constructor; auto.
      + assumption.
      + assumption.
      + exists vs. split; [assumption|]. cbn [sources] in H', Hf. rewrite existing_cells in H' by assumption.
        cbn [layer_of Networks.apply]. unfold at_range. unfold Networks.slide. cbn [pixel].
        cbn [geometry_of Networks.kernel_rows Networks.kernel_columns Networks.down Networks.right Networks.top
          Networks.left].
        replace ((U + r) * Axis.stride d - Axis.before d)%Z
          with (U * Axis.stride d - Axis.before d + r * Axis.stride d)%Z by lia.
        replace ((V + c) * Axis.stride e - Axis.before e)%Z
          with (V * Axis.stride e - Axis.before e + c * Axis.stride e)%Z by lia.
        exact H'.
    - (* means *)
      specialize (Hw ltac:(discriminate)).
      destruct (gather_means vals w m _ _ parts Hm Hg) as [Hf Hparts].
      destruct (combine parts _ _) as [q'|] eqn:Ec; [|discriminate]. injection E as <- <-.
      exists []. rewrite app_nil_r. split; [assumption|].
      apply (combine_means vals parts (map (fun o => (real (fst o),
        at_range a (U * Axis.stride d - Axis.before d)%Z (V * Axis.stride e - Axis.before e)%Z (snd o)))
               (filter (fun o => exists_in w (snd o)) (sources (SAvgPool d e) (k, r, c))))) in Ec.
      2: { apply Forall2_map_right. exact Hparts. }
      rewrite sum_map in Ec. cbn [fst snd sources] in Ec, Hf.
      rewrite (sum_ext _ _ (fun o => at_range a (U * Axis.stride d - Axis.before d)%Z
                                             (V * Axis.stride e - Axis.before e)%Z (snd o))) in Ec.
      2: { intros o Ho%filter_In. destruct Ho as [Ho _]. unfold window_cells in Ho. apply in_map_iff in Ho.
           destruct Ho as (? & <- & _). cbn [fst snd]. rewrite real_one. lra. }
      rewrite <- (sum_map _ (fun o => at_range a _ _ (snd o)) (fun v => v)) in Ec.
      rewrite existing_cells, sum_map in Ec by assumption.
      cbn [layer_of Networks.apply]. unfold at_range. unfold Networks.slide. cbn [pixel].
      cbn [geometry_of Networks.kernel_rows Networks.kernel_columns Networks.down Networks.right Networks.top
        Networks.left].
      replace ((U + r) * Axis.stride d - Axis.before d)%Z
        with (U * Axis.stride d - Axis.before d + r * Axis.stride d)%Z by lia.
      replace ((V + c) * Axis.stride e - Axis.before e)%Z
        with (V * Axis.stride e - Axis.before e + c * Axis.stride e)%Z by lia.
      rewrite real_zero, Rplus_0_r in Ec. unfold cells_number in Ec. rewrite real_of_Z in Ec. exact Ec.
  Qed.

  (** * The whole stem *)

  Lemma view_of_fine l ls (a : image) i j rs cs :
    (row_levels (l :: ls) <> [] -> rs = Axis.signature (row_levels (l :: ls)) (height a) i) ->
    (column_levels (l :: ls) <> [] -> cs = Axis.signature (column_levels (l :: ls)) (width a) j) ->
    l <> SRelu ->
    view_fine (view_of (l :: ls) rs cs) a
              (Axis.start (row_levels (l :: ls)) i) (Axis.start (column_levels (l :: ls)) j).
  Proof.
    intros Hr Hc Hl. unfold view_fine, view_of. cbn [row_clip column_clip row_field column_field].
    destruct l; try congruence; rewrite Hr, Hc by discriminate; split; reflexivity.
  Qed.

  Lemma unroll_means l : forall (a : image) i j rs cs needed m vals s m' s',
    Forall layer_fine l ->
    (row_levels l <> [] -> rs = Axis.signature (row_levels l) (height a) i) ->
    (column_levels l <> [] -> cs = Axis.signature (column_levels l) (width a) j) ->
    known_means vals m (at_range a (Axis.start (row_levels l) i) (Axis.start (column_levels l) j)) ->
    describes vals s -> unroll l rs cs needed m s = Some (m', s') ->
    exists vs, describes (vals ++ vs) s' /\
      known_means (vals ++ vs) m' (at_range (fold_left (fun x f => Networks.apply f x) (map layer_of l) a) i j).
  Proof.
    induction l as [|l ls IH]; intros a i j rs cs needed m vals s m' s' Hfine Hr Hc Hm Hs; cbn [unroll].
    - intros [= <- <-]. exists []. rewrite app_nil_r. auto.
    - destruct needed as [|outs needed]; [discriminate|]. intros E. apply bind_some in E.
      destruct E as ([m1 s1] & H1 & E). cbn [fst snd] in E. inversion_clear Hfine as [|? ? Hl Hls].
      set (w := view_of (l :: ls) rs cs) in *.
      assert (Hbelow : Axis.start (row_levels (l :: ls)) i
                       = range_below (row_levels_of l) (Axis.start (row_levels ls) i) /\
                       Axis.start (column_levels (l :: ls)) j
                       = range_below (column_levels_of l) (Axis.start (column_levels ls) j))
        by (destruct l; split; reflexivity).
      destruct Hbelow as [Br Bc].
      destruct (places_mean (layer_place l w m)
                  (at_range (Networks.apply (layer_of l) a) (Axis.start (row_levels ls) i)
                    (Axis.start (column_levels ls) j))
                  outs vals nothing_known s m1 s1) as (vs1 & Hd1 & Hk1);
                    [|assumption|apply nothing_known_means|assumption|].
      { intros vals' p t q t' (vs & ->) Ht Hq.
        apply (layer_place_means l w (vals ++ vs) m t q t' p a); auto.
        - intros Hne. rewrite <- Br, <- Bc. now apply view_of_fine.
        - rewrite <- Br, <- Bc. now apply known_means_app. }
      destruct (IH (Networks.apply (layer_of l) a) i j (after_layer l rs) (after_layer l cs) needed m1 (vals ++ vs1)
        s1 m' s')
        as (vs2 & Hd2 & Hk2); auto.
      + intros Hne. destruct l; cbn [after_layer]; (rewrite Hr by (exact Hne || discriminate)); reflexivity.
      + intros Hne. destruct l; cbn [after_layer]; (rewrite Hc by (exact Hne || discriminate)); reflexivity.
      + exists (vs1 ++ vs2). rewrite app_assoc. auto.
  Qed.

  (** * Interval arithmetic *)

  Section Intervals.
    Variables (fine : number) (point : N -> R).
    Hypothesis fine_pos : 0 < real fine.

    (** Each variable, times the fine number, lies in its interval. *)
    Definition lies (m : intervals) : Prop :=
      forall v ab, interval_of v m = Some ab -> real (fst ab) <= real fine * point v <= real (snd ab).

    Lemma lies_set m v ab :
      lies m -> real (fst ab) <= real fine * point v <= real (snd ab) -> lies (set_interval v ab m).
    Proof.
      intros Hm Hv u cd. unfold interval_of, set_interval.
      destruct (N.eq_dec u v) as [->|Hne].
      - rewrite PositiveMap.gss. now intros [= <-].
      - rewrite PositiveMap.gso by (intros E; apply Hne; lia). apply Hm.
    Qed.

    Lemma terms_interval_sound m l : lies m -> forall a b,
      terms_interval m l = Some (a, b) -> real a <= real fine * terms_value point l <= real b.
    Proof.
      intros Hm. induction l as [|[v c] l IH]; intros a b; cbn [terms_interval].
      - intros [= <- <-]. unfold terms_value. cbn [sum]. rewrite real_zero. lra.
      - destruct (interval_of v m) as [[p q]|] eqn:Ev; [|discriminate].
        destruct (terms_interval m l) as [[low high]|]; [|discriminate].
        specialize (IH low high eq_refl). specialize (Hm v (p, q) Ev). cbn [fst snd] in Hm.
        unfold terms_value in *. cbn [sum fst snd]. set (rest := sum l _) in *.
        destruct (Num.leb Num.zero c) eqn:Ec; intros [= <- <-]; rewrite !real_add, !real_mul.
        + apply leb_real in Ec. rewrite real_zero in Ec. nra.
        + apply leb_false_real in Ec. rewrite real_zero in Ec. nra.
    Qed.

    (** Division rounds down. *)
    Lemma real_floor a d : 0 < real d -> real (Num.div a d) <= real a / real d.
    Proof.
      intros Hd. apply (Rmult_le_reg_r (real d)); [assumption|].
      replace (real a / real d * real d) with (real a) by (field; lra).
      unfold real in *. rewrite <- mult_IZR, Num.to_Z_div. apply IZR_le.
      apply lt_IZR in Hd. rewrite Z.mul_comm. now apply Z.mul_div_le.
    Qed.

    Lemma form_interval_sound m f d a b :
      lies m -> 0 < real d -> form_interval fine m f d = Some (a, b) ->
      real a <= real fine * (value point f / real d) <= real b.
    Proof.
      intros Hm Hd. unfold form_interval.
      destruct (terms_interval m (terms f)) as [[p q]|] eqn:E; [|discriminate]. intros [= <- <-].
      apply (terms_interval_sound m _ Hm) in E.
      set (k := Num.mul (constant f) fine).
      assert (Ek : real fine * (value point f / real d) = (real fine * terms_value point (terms f) + real k) / real d).
      { unfold k, value. rewrite real_mul. field. lra. }
      assert (Hi : 0 < / real d) by now apply Rinv_0_lt_compat.
      assert (H1 := real_floor (Num.add p k) d Hd). assert (H2 := real_floor (Num.opp (Num.add q k)) d Hd).
      rewrite real_opp in *. rewrite real_add in *. rewrite Ek. unfold Rdiv in *. split; nra.
    Qed.

    Lemma larger_sound a b u v :
      real (fst a) <= u <= real (snd a) -> real (fst b) <= v <= real (snd b) ->
      real (fst (larger a b)) <= Rmax u v <= real (snd (larger a b)).
    Proof.
      unfold larger. cbn [fst snd]. rewrite !largest_real. intros [H1 H2] [H3 H4].
      split.
      - apply Rmax_lub; [eapply Rle_trans; [exact H1|apply Rmax_l]|eapply Rle_trans; [exact H3|apply Rmax_r]].
      - apply Rmax_lub; [eapply Rle_trans; [exact H2|apply Rmax_l]|eapply Rle_trans; [exact H4|apply Rmax_r]].
    Qed.

    Lemma node_interval_sound m n ab :
      lies m -> node_holds point n -> 0 < real (node_scale n) -> node_interval fine m n = Some ab ->
      real (fst ab) <= real fine * point (variable n) <= real (snd ab).
    Proof.
      intros Hm Hn Hd. unfold node_interval, node_holds in *.
      assert (Hform : forall z cd, form_interval fine m z (node_scale n) = Some cd ->
                real (fst cd) <= real fine / real (node_scale n) * value point z <= real (snd cd)).
      { intros z [p q] E. apply (form_interval_sound m z _ p q Hm Hd) in E. cbn [fst snd].
        replace (real fine / real (node_scale n) * value point z)
          with (real fine * (value point z / real (node_scale n)))
          by (field; lra). assumption. }
      set (e := real fine / real (node_scale n)) in *.
      assert (He : 0 <= e).
      { unfold e, Rdiv. left. apply Rmult_lt_0_compat; [assumption|now apply Rinv_0_lt_compat]. }
      assert (Ep : real fine * point (variable n) = e * (real (node_scale n) * point (variable n)))
        by (unfold e; field; lra).
      rewrite Ep, Hn. destruct (node_gate n) as [z|z zs].
      - destruct (form_interval fine m z (node_scale n)) as [cd|] eqn:E; [|discriminate]. intros [= <-].
        rewrite <- relu_scale by assumption. apply (larger_sound (Num.zero, Num.zero) cd 0); [|auto].
        cbn [fst snd]. rewrite real_zero. lra.
      - destruct (form_interval fine m z (node_scale n)) as [cd|] eqn:E; [|discriminate].
        destruct (all _) as [l|] eqn:El; [|discriminate]. intros [= <-]. apply all_spec in El.
        rewrite <- maximum_scale by assumption. cbn [map maximum].
        clear Hn Ep. revert l El. induction zs as [|y zs IH]; intros [|fg l] El; try discriminate; cbn [map fold_right].
        + now apply Hform.
        + cbn [map] in El. injection El as Ey El. apply larger_sound; auto.
    Qed.

    Lemma node_intervals_sound l : forall m m',
      lies m -> (forall n, In n l -> node_holds point n /\ 0 < real (node_scale n)) ->
      node_intervals fine m l = Some m' -> lies m'.
    Proof.
      induction l as [|n l IH]; intros m m' Hm Hl; cbn [node_intervals]; [now intros [= <-]|].
      intros E. apply bind_some in E. destruct E as (ab & Hab & E).
      destruct (Hl n (or_introl eq_refl)) as [Hn Hs].
      apply (IH (set_interval (variable n) ab m)); [|intros k Hk; apply Hl; now right|assumption].
      apply lies_set; [assumption|]. now apply (node_interval_sound m).
    Qed.
  End Intervals.

  (** * Pixels *)

  Lemma start_axis l i : Axis.start (axis_levels l) i = Axis.start l i.
  Proof. destruct l; [cbn; lia|reflexivity]. Qed.

  Lemma axis_levels_ok l : Forall Axis.level_ok l -> Forall Axis.level_ok (axis_levels l).
  Proof. destruct l; [|auto]. intros _. repeat constructor; cbn; lia. Qed.

  Lemma row_levels_ok l : Forall layer_fine l -> Forall Axis.level_ok (row_levels l).
  Proof.
    induction 1 as [|a l (Ha & _) _ IH]; [constructor|]. unfold row_levels. cbn [flat_map]. apply Forall_app. auto.
  Qed.

  Lemma column_levels_ok l : Forall layer_fine l -> Forall Axis.level_ok (column_levels l).
  Proof.
    induction 1 as [|a l (_ & Ha & _) _ IH]; [constructor|]. unfold column_levels. cbn [flat_map]. apply Forall_app.
    auto.
  Qed.

  (** A statement, an image of its task, a position, and what is true there of a variable list. *)
  Section AtOnePosition.
    Variables (st : statement) (x : image) (i j : Z).
    Hypothesis st_fine : statement_fine st.
    Hypothesis x_ok : Tasks.is_image (task_of st) x.

    Let U := Axis.start (row_axis st) i.
    Let V := Axis.start (column_axis st) j.
    Let rs := Axis.signature (row_axis st) (height x) i.
    Let cs := Axis.signature (column_axis st) (width x) j.
    Let w := image_view st rs cs.

    Lemma image_view_fine : view_fine w x U V.
    Proof.
      unfold view_fine, w, image_view, rs, cs, U, V, row_axis, column_axis.
      cbn [row_clip column_clip row_field column_field].
      destruct (row_levels (stem st)), (column_levels (stem st)); split; reflexivity.
    Qed.

    (** A place of the field that exists, of a channel that exists. *)
    Definition real_place (p : place) : Prop :=
      (fst (fst p) < channels st)%N /\ in_field w p = true /\ exists_in w p = true.

    Lemma real_place_inside k r c : real_place (k, r, c) -> inside x (U + r) (V + c).
    Proof.
      intros (_ & Hf & He). rewrite (exists_inside w x U V) in He by auto using image_view_fine.
      now destruct (insideb_spec x (U + r) (V + c)).
    Qed.

    Lemma grid_pos : 0 < real (grid st).
    Proof. apply st_fine. Qed.

    Lemma pixel_in_task_range p :
      real_place p -> end_value st (dark st) <= at_range x U V p <= end_value st (bright st).
    Proof.
      destruct p as [[k r] c]. intros Hp. assert (Hin := real_place_inside k r c Hp).
      destruct Hp as (Hk & _). cbn [fst] in Hk. destruct x_ok as (_ & _ & H). apply H; [cbn; lia|assumption].
    Qed.

    Lemma read_pixel_means vals q q' v :
      means vals q v -> read_pixel st q = Some q' -> means vals q' (Networks.read (reading_of st) v).
    Proof.
      intros Hq. unfold read_pixel, reading_of. destruct (bytes st).
      - intros E. apply (combine_means vals _ [(255 * real (grid st), v)]) in E.
        + eapply eq_rect; [exact E|]. cbn [sum fst snd]. unfold Networks.read. cbn [Networks.scale Networks.origin].
          rewrite real_opp, real_mul, real_add, real_opp, real_of_Z. unfold end_value.
          destruct st_fine as (Hg & Hd & _). field; repeat split; lra.
        + constructor; [|constructor]. cbn [fst snd]. rewrite real_mul, real_of_Z. auto.
      - intros [= <-]. unfold Networks.read, Networks.pixels. cbn [Networks.scale Networks.origin].
        replace (1 * (v - 0)) with v by lra. assumption.
    Qed.

    (** The interval that a pixel's rows give is one that it lies in. *)
    Definition ends_true (inside : option seen_window) : Prop :=
      forall p ab, real_place p -> ends st inside p = Some ab ->
                   end_value st (fst ab) <= at_range x U V p <= end_value st (snd ab).

    (** The variables from [v] on lie in the intervals of the list. *)
    Fixpoint boxes_hold (point : N -> R) (v : N) (boxes : list (number * number)) : Prop :=
      match boxes with
      | [] => True
      | ab :: boxes => end_value st (fst ab) <= point v <= end_value st (snd ab) /\ boxes_hold point (N.succ v) boxes
      end.

    Lemma pixel_intervals_sound point fine factor boxes : forall v,
      0 < real fine -> real factor * real (grid st) = real fine -> boxes_hold point v boxes ->
      lies fine point (pixel_intervals factor v boxes).
    Proof.
      induction boxes as [|[a b] boxes IH]; intros v Hf Hg; cbn [boxes_hold pixel_intervals].
      - intros _ u cd. unfold interval_of. rewrite PositiveMap.gempty. discriminate.
      - intros [Hv Hrest]. apply lies_set; [now apply IH|]. cbn [fst snd] in *. rewrite !real_mul, <- Hg.
        assert (G := grid_pos). unfold end_value in Hv.
        assert (Hfac : 0 < real factor) by nra.
        assert (E : forall c, real c * real factor = real factor * real (grid st) * (real c / real (grid st)))
          by (intros c; field; lra).
        rewrite !E. split; apply Rmult_le_compat_l; nra.
    Qed.

    Lemma allocate_means inside l : forall raw reads s raw' reads' rows boxes s' vals,
      ends_true inside ->
      describes vals s -> known_means vals raw (at_range x U V) ->
      known_means vals reads (at_range (Networks.read_image (reading_of st) x) U V) ->
      (forall p q, find_place raw p = Some q -> real_place p) ->
      allocate st w inside l raw reads s = Some (raw', reads', rows, boxes, s') ->
      exists vs, describes (vals ++ vs) s' /\ known_means (vals ++ vs) raw' (at_range x U V) /\
        known_means (vals ++ vs) reads' (at_range (Networks.read_image (reading_of st) x) U V) /\
        (forall p q, find_place raw' p = Some q -> real_place p) /\
        (forall point, agrees point (vals ++ vs) -> forall f, In f rows -> 0 <= value point f) /\
        forall point, agrees point (vals ++ vs) -> boxes_hold point (count s) boxes.
    Proof.
      induction l as [|p l IH]; intros raw reads s raw' reads' rows boxes s' vals Hends Hs Hraw Hreads Hreal;
        cbn [allocate].
      - intros [= <- <- <- <- <-]. exists []. rewrite app_nil_r. repeat (split; [assumption|]).
        split; [intros point _ f []|]. intros point _. exact I.
      - destruct (_ && _) eqn:Ep; [|discriminate].
        apply andb_true_iff in Ep. destruct Ep as [Ep He]. apply andb_true_iff in Ep. destruct Ep as [Hk%N.ltb_lt Hf].
        assert (Hp : real_place p) by (repeat split; assumption).
        intros E. apply bind_some in E. destruct E as (ab & Hab & E). apply bind_some in E.
        destruct E as (read & Hread & E).
        apply bind_some in E. destruct E as ([[[[raw1 reads1] rows1] boxes1] s1] & E & E1).
        injection E1 as <- <- <- <- <-.
        set (v := at_range x U V p). assert (Hc := proj1 Hs).
        assert (Hv := means_new vals s v Hc).
        destruct (IH (add_place p (variable_quotient (count s)) raw) (add_place p read reads)
                     (State (N.succ (count s)) (gates s)) raw1 reads1 rows1 boxes1 s1 (vals ++ [v]))
          as (vs & H1 & H2 & H3 & H4 & H5 & H6); auto.
        + split; cbn [count gates]; [rewrite N2Nat.inj_succ, app_length; simpl; lia|].
          intros point Hpt. apply agrees_app in Hpt. now apply Hs.
        + apply known_means_add; [now apply known_means_app|assumption].
        + apply known_means_add; [now apply known_means_app|].
          apply (read_pixel_means _ _ _ v Hv) in Hread. destruct p as [[k r] c]. exact Hread.
        + intros p' q' [[-> ->]|H']%find_add; eauto.
        + exists ([v] ++ vs). rewrite app_assoc. repeat (split; [assumption|]).
          destruct (Hends p ab Hp Hab) as [Hlo Hhi].
          apply (means_app _ vs) in Hv. assert (G := grid_pos).
          split.
          2: { intros point Hpt. split; [|now apply H6].
               destruct Hv as [_ Hv]. specialize (Hv point Hpt). unfold variable_quotient in Hv. cbn [top below] in Hv.
               rewrite value_times, real_one in Hv. replace (point (count s)) with v by lra. split; assumption. }
          intros point Hpt f Hin. destruct Hin as [<-|[<-|Hin]]; [| |now apply (H5 point Hpt)].
          * apply (bounded_holds _ _ false (Ratio (fst ab) (grid st)) _ point Hv Hpt G). exact Hlo.
          * apply (bounded_holds _ _ true (Ratio (snd ab) (grid st)) _ point Hv Hpt G). exact Hhi.
    Qed.

    (** * Clear windows *)

    (** The terms at one pixel add up to its part of the excess; a term that is left out is 0. *)
    Lemma excess_terms_means vals q ab s parts s' v :
      describes vals s -> means vals q v -> end_value st (dark st) <= v <= end_value st (bright st) ->
      excess_terms st q ab s = Some (parts, s') ->
      exists vs us, describes (vals ++ vs) s' /\ Forall2 (means (vals ++ vs)) parts us /\
        sum us (fun u => u) = relu (v - end_value st (snd ab)) + relu (end_value st (fst ab) - v).
    Proof.
      intros Hs Hq [Hlo Hhi] E. assert (G := grid_pos). unfold end_value in *.
      unfold excess_terms in E. apply bind_some in E. destruct E as ([upper s1] & E1 & E).
      apply bind_some in E. destruct E as ([lower s2] & E2 & E). cbn [fst snd] in *. injection E as <- <-.
      assert (Hdiv : forall a b, real a <= real b -> real a / real (grid st) <= real b / real (grid st)).
      { intros a b H. apply Rmult_le_compat_r; [|assumption]. left. now apply Rinv_0_lt_compat. }
      assert (Hupper : exists vs us, describes (vals ++ vs) s1 /\ Forall2 (means (vals ++ vs)) upper us /\
                sum us (fun u => u) = relu (v - real (snd ab) / real (grid st))).
      { unfold strictly_below in E1. destruct (Num.leb (bright st) (snd ab)) eqn:B; cbn [negb] in E1.
        - injection E1 as <- <-. exists [], []. rewrite app_nil_r. split; [assumption|]. split; [constructor|].
          cbn [sum]. symmetry. apply relu_neg. apply leb_real, Hdiv in B. lra.
        - apply bind_some in E1. destruct E1 as (z & Ez & E1).
          destruct (maximum_of true [z] s) as [[q1 t1]|] eqn:Em; [|discriminate]. injection E1 as <- <-.
          apply (combine_means vals _ [(real (grid st), v)]) in Ez; [|constructor; [cbn [fst snd]; auto|constructor]].
          destruct (maximum_of_means vals true [z] _ s q1 t1 (Forall2_cons _ _ Ez (Forall2_nil _)) Hs Em)
            as (vs & H & H').
          exists vs. eexists [_]. split; [assumption|]. split; [constructor; [exact H'|constructor]|].
          cbn [sum fst snd hd]. rewrite Rplus_0_r, real_opp. f_equal. field. lra. }
      destruct Hupper as (vs1 & us1 & Hs1 & Hu1 & Hsum1).
      apply (means_app _ vs1) in Hq.
      assert (Hlower : exists vs us, describes ((vals ++ vs1) ++ vs) s2 /\
        Forall2 (means ((vals ++ vs1) ++ vs)) lower us /\
                sum us (fun u => u) = relu (real (fst ab) / real (grid st) - v)).
      { unfold strictly_below in E2. destruct (Num.leb (fst ab) (dark st)) eqn:B; cbn [negb] in E2.
        - injection E2 as <- <-. exists [], []. rewrite app_nil_r. split; [assumption|]. split; [constructor|].
          cbn [sum]. symmetry. apply relu_neg. apply leb_real, Hdiv in B. lra.
        - apply bind_some in E2. destruct E2 as (z & Ez & E2).
          destruct (maximum_of true [z] s1) as [[q1 t1]|] eqn:Em; [|discriminate]. injection E2 as <- <-.
          apply (combine_means (vals ++ vs1) _ [(- real (grid st), v)]) in Ez;
            [|constructor; [cbn [fst snd]; rewrite real_opp; auto|constructor]].
          destruct (maximum_of_means _ true [z] _ s1 q1 t1 (Forall2_cons _ _ Ez (Forall2_nil _)) Hs1 Em)
            as (vs & H & H').
          exists vs. eexists [_]. split; [assumption|]. split; [constructor; [exact H'|constructor]|].
          cbn [sum fst snd hd]. rewrite Rplus_0_r. f_equal. field. lra. }
      destruct Hlower as (vs2 & us2 & Hs2 & Hu2 & Hsum2).
      exists (vs1 ++ vs2), (us1 ++ us2). rewrite app_assoc. split; [assumption|]. split.
      - apply Forall2_app; [|assumption]. clear -Hu1. induction Hu1; constructor; auto using means_app.
      - rewrite sum_app. lra.
    Qed.

    (** The part of the excess over a template that one place of the field adds. *)
    Definition excess_at (t : Tasks.template) (r c : Z) (p : place) : R :=
      let v := at_range x U V p in
      let '(k, i, j) := p in
      relu (v - Tasks.high t (N.to_nat k) (i - r)%Z (j - c)%Z)
      + relu (Tasks.low t (N.to_nat k) (i - r)%Z (j - c)%Z - v).

    Lemma window_terms_means raw g box r c l : forall vals s parts s',
      (forall p q, find_place raw p = Some q -> real_place p) ->
      describes vals s -> known_means vals raw (at_range x U V) ->
      window_terms st raw g box r c l s = Some (parts, s') ->
      exists vs us, describes (vals ++ vs) s' /\ Forall2 (means (vals ++ vs)) parts us /\
        sum us (fun u => u) = sum l (excess_at (template_of st g box) r c).
    Proof.
      induction l as [|[[k a] b] l IH]; intros vals s parts s' Hreal Hs Hraw; cbn [window_terms].
      - intros [= <- <-]. exists [], []. rewrite app_nil_r. split; [assumption|]. split; [constructor|reflexivity].
      - intros E. apply bind_some in E. destruct E as (q & Hq & E). apply bind_some in E. destruct E as (ab & Hab & E).
        apply bind_some in E. destruct E as ([first s1] & E1 & E). apply bind_some in E.
        destruct E as ([more s2] & E2 & E).
        cbn [fst snd] in *. injection E as <- <-.
        destruct (excess_terms_means vals q ab s first s1 _ Hs (Hraw _ _ Hq) (pixel_in_task_range _ (Hreal _ _ Hq)) E1)
          as (vs1 & us1 & H1 & Hu1 & Hsum1).
        destruct (IH (vals ++ vs1) s1 more s2 Hreal H1 (known_means_app _ _ _ _ Hraw) E2)
          as (vs2 & us2 & H2 & Hu2 & Hsum2).
        exists (vs1 ++ vs2), (us1 ++ us2). rewrite app_assoc. split; [assumption|]. split.
        + apply Forall2_app; [|assumption]. clear -Hu1. induction Hu1; constructor; auto using means_app.
        + rewrite sum_app. cbn [sum]. rewrite Hsum1, Hsum2. f_equal.
          unfold excess_at, template_of. cbn [Tasks.high Tasks.low]. rewrite N2Nat.id, Hab. reflexivity.
    Qed.

    Lemma sum_flat_map {A B} (l : list A) (h : A -> list B) f : sum (flat_map h l) f = sum l (fun a => sum (h a) f).
    Proof. induction l as [|a l IH]; [reflexivity|]. cbn [flat_map sum]. now rewrite sum_app, IH. Qed.

    (** All places of a window give its excess. *)
    Lemma window_excess g box r c :
      sum (window_places st g r c) (excess_at (template_of st g box) r c)
      = Tasks.excess (task_of st) (feature_of st g) (template_of st g box) (window x (U + r) (V + c)).
    Proof.
      unfold window_places, Tasks.excess, patch_sum. cbn [task_of feature_of Tasks.channels Tasks.rows Tasks.columns].
      rewrite sum_flat_map, sum_map. apply sum_ext. intros k _.
      rewrite sum_flat_map, span_ints. apply sum_ext. intros a _.
      rewrite sum_map, span_ints. apply sum_ext. intros b _.
      unfold excess_at, at_range, window. rewrite Nat2N.id.
      replace (r + a - r)%Z with a by lia. replace (c + b - c)%Z with b by lia.
      replace (U + (r + a))%Z with (U + r + a)%Z by lia. replace (V + (c + b))%Z with (V + c + b)%Z by lia. reflexivity.
    Qed.

    Lemma find_template_in f t g box :
      find_template st f t = Some (g, box) -> nth_error (features st) f = Some g /\
        nth_error (f_templates g) t = Some box.
    Proof.
      unfold find_template. intros E. apply bind_some in E. destruct E as (g' & Hg & E).
      destruct (nth_error (f_templates g') t) as [b|] eqn:Hb; [|discriminate]. injection E as <- <-. auto.
    Qed.

    (** A window that the kernel takes to exist does. *)
    Lemma window_exists_fits g r c :
      In g (features st) -> window_exists w g r c = true ->
      Tasks.window_fits (feature_of st g) x (U + r) (V + c).
    Proof.
      intros Hg. destruct st_fine as (_ & _ & _ & Hsizes). destruct (Hsizes g Hg) as (Hr & Hc & _).
      destruct image_view_fine as [Er Ec]. unfold window_exists. rewrite Er, Ec.
      rewrite !andb_true_iff, !Z.leb_le. intros [[[H1 H2] H3] H4].
      unfold Tasks.window_fits. cbn [feature_of Tasks.rows Tasks.columns].
      unfold Axis.clip in *.
      destruct (Z.ltb_spec (Z.max 0 (- U)) (Z.min (row_field w) (height x - U)));
        destruct (Z.ltb_spec (Z.max 0 (- V)) (Z.min (column_field w) (width x - V))); cbn [fst snd] in *; lia.
    Qed.

    (** The windows of the list are clear: what an image that avoids the features gives. *)
    Definition all_clear (l : list seen_window) : Prop :=
      forall f t r c g box, In (f, t, r, c) l -> find_template st f t = Some (g, box) ->
        Tasks.window_fits (feature_of st g) x (U + r) (V + c) ->
        ratio_value (f_gap g)
        <= Tasks.excess (task_of st) (feature_of st g) (template_of st g box) (window x (U + r) (V + c)).

    Lemma clear_rows_means raw l : forall vals s rows s',
      all_clear l -> (forall p q, find_place raw p = Some q -> real_place p) ->
      describes vals s -> known_means vals raw (at_range x U V) ->
      clear_rows st w raw l s = Some (rows, s') ->
      exists vs, describes (vals ++ vs) s' /\
        forall point, agrees point (vals ++ vs) -> forall f, In f rows -> 0 <= value point f.
    Proof.
      induction l as [|[[[f t] r] c] l IH]; intros vals s rows s' Hclear Hreal Hs Hraw; cbn [clear_rows].
      - intros [= <- <-]. exists []. rewrite app_nil_r. split; [assumption|]. intros point _ f [].
      - intros E. apply bind_some in E. destruct E as ([g box] & Hgb & E). cbn [fst snd] in E.
        destruct (window_exists w g r c) eqn:Hw; [|discriminate].
        apply bind_some in E. destruct E as ([terms s1] & Ht & E). cbn [fst snd] in E.
        apply bind_some in E. destruct E as (excess & He & E). apply bind_some in E.
        destruct E as ([more s2] & Hmore & E).
        cbn [fst snd] in E. injection E as <- <-.
        destruct (window_terms_means raw g box r c _ vals s terms s1 Hreal Hs Hraw Ht) as (vs1 & us & H1 & Hu & Hsum).
        rewrite window_excess in Hsum.
        apply (combine_means (vals ++ vs1) _ (map (pair 1) us)) in He.
        2: { clear -Hu. induction Hu; cbn [map]; constructor; auto. cbn [fst snd]. rewrite real_one. auto. }
        rewrite sum_map in He. cbn [fst snd] in He. rewrite (sum_ext _ _ (fun u => u)) in He by (intros; lra).
        rewrite Hsum, real_zero, real_one in He.
        destruct (IH (vals ++ vs1) s1 more s2) as (vs2 & H2 & Hrows); auto using known_means_app.
        { intros f' t' r' c' g' box' Hin. apply Hclear. now right. }
        exists (vs1 ++ vs2). rewrite app_assoc. split; [assumption|].
        intros point Hpt h [<-|Hh]; [|now apply (Hrows point Hpt)].
        apply (means_app _ vs2) in He.
        assert (Hin := find_template_in f t g box Hgb). destruct Hin as [Hg%nth_error_In _].
        assert (Hgap : 0 < real (under (f_gap g))) by (destruct st_fine as (_ & _ & _ & H); apply (H g Hg)).
        apply (bounded_holds _ _ false _ _ point He Hpt Hgap).
        assert (H := Hclear f t r c g box (or_introl eq_refl) Hgb (window_exists_fits g r c Hg Hw)). lra.
    Qed.

    (** * The sequent of one output *)

    (** The window of the list exhibits its template: what an image that contains the feature gives. *)
    Definition exhibited (inside : option seen_window) : Prop :=
      match inside with
      | None => True
      | Some (f, t, r, c) =>
          forall g box, find_template st f t = Some (g, box) ->
            Tasks.excess (task_of st) (feature_of st g) (template_of st g box) (window x (U + r) (V + c)) = 0
      end.

    Lemma exhibited_ends inside : exhibited inside -> ends_true inside.
    Proof.
      intros He p ab Hp. unfold ends. destruct inside as [[[[f t] r] c]|].
      2: { intros [= <-]. now apply pixel_in_task_range. }
      destruct p as [[k a] b]. intros E. apply bind_some in E. destruct E as ([g box] & Hgb & E). cbn [fst snd] in E.
      destruct (_ && _)%Z eqn:Hin in E; [|injection E as <-; now apply pixel_in_task_range].
      rewrite !andb_true_iff, !Z.leb_le, !Z.ltb_lt in Hin. specialize (He g box Hgb).
      destruct Hp as (Hk & _). cbn [fst] in Hk.
      assert (H : relu (window x (U + r) (V + c) (N.to_nat k) (a - r)%Z (b - c)%Z
                        - Tasks.high (template_of st g box) (N.to_nat k) (a - r)%Z (b - c)%Z)
                  + relu (Tasks.low (template_of st g box) (N.to_nat k) (a - r)%Z (b - c)%Z
                          - window x (U + r) (V + c) (N.to_nat k) (a - r)%Z (b - c)%Z) = 0).
      { refine (patch_sum_zero _ _ _ _ (N.to_nat k) (a - r)%Z (b - c)%Z _ He _).
        - intros k' i' j' _. cbv beta.
          assert (P1 := relu_nonneg (window x (U + r) (V + c) k' i' j' - Tasks.high (template_of st g box) k' i' j')).
          assert (P2 := relu_nonneg (Tasks.low (template_of st g box) k' i' j' - window x (U + r) (V + c) k' i' j')).
          lra.
        - unfold Images.place. cbn [task_of feature_of Tasks.channels Tasks.rows Tasks.columns]. lia. }
      unfold template_of in H. cbn [Tasks.high Tasks.low] in H. rewrite N2Nat.id, E in H.
      unfold window in H. unfold at_range.
      replace (U + r + (a - r))%Z with (U + a)%Z in H by lia. replace (V + c + (b - c))%Z with (V + b)%Z in H by lia.
      set (v := pixel x (N.to_nat k) (U + a)%Z (V + b)%Z) in *.
      assert (P1 := relu_nonneg (v - end_value st (snd ab))). assert (P2 := relu_nonneg (end_value st (fst ab) - v)).
      assert (P3 := relu_ge (v - end_value st (snd ab))). assert (P4 := relu_ge (end_value st (fst ab) - v)). lra.
    Qed.

    Definition output (k : N) : R :=
      pixel (fold_left (fun a f => Networks.apply f a) (map layer_of (stem st)) (Networks.read_image (reading_of st) x))
            (N.to_nat k) i j.

    Definition outputs (weights : list (N * number)) : R := sum weights (fun w => real (snd w) * output (fst w)).

    Lemma outputs_alone k : outputs (alone k) = output k.
    Proof. unfold outputs, alone. cbn [sum fst snd]. rewrite real_one. lra. Qed.

    Lemma local_at_means weights clear inside l :
      all_clear clear -> exhibited inside -> local_at st weights rs cs clear inside = Some l ->
      exists vals, describes vals (local_state l) /\ means vals (local_value l) (outputs weights) /\
        (forall point, agrees point vals -> boxes_hold point 0 (local_boxes l)) /\
        forall point, agrees point vals -> forall f, In f (local_before l) \/ In f (local_after l) ->
          0 <= value point f.
    Proof.
      intros Hclear Hinside. unfold local_at.
      destruct (needs (stem st) rs cs _) as [|inputs needed]; [discriminate|]. fold w.
      intros E. apply bind_some in E. destruct E as ([[[[raw reads] rows] boxes] s1] & Ha & E).
      apply bind_some in E. destruct E as ([m s2] & Hu & E). cbn [fst snd] in E.
      apply bind_some in E. destruct E as (value_k & Hk & E). apply bind_some in E. destruct E as ([after s3] & Hc & E).
      cbn [fst snd] in E. injection E as <-. cbn [local_boxes local_before local_state local_after local_value].
      assert (H0 : describes [] (State 0 [])) by (split; [reflexivity|intros point _ n []]).
      assert (Hnone : forall p q, find_place nothing_known p = Some q -> real_place p).
      { intros p q. unfold find_place, nothing_known. rewrite PositiveMap.gempty. discriminate. }
      destruct (allocate_means inside _ _ _ _ _ _ _ _ _ [] (exhibited_ends inside Hinside) H0
                  (nothing_known_means _ _) (nothing_known_means _ _) Hnone Ha)
        as (vs1 & H1 & Hraw & Hreads & Hreal & Hrows & Hboxes).
      set (vals1 := [] ++ vs1) in *.
      destruct st_fine as (_ & _ & Hlayers & _).
      destruct (unroll_means (stem st) (Networks.read_image (reading_of st) x) i j rs cs needed reads vals1 s1 m s2)
        as (vs2 & H2 & Hm); auto.
      { intros Hne. unfold rs, row_axis. destruct (row_levels (stem st)); [congruence|reflexivity]. }
      { intros Hne. unfold cs, column_axis. destruct (column_levels (stem st)); [congruence|reflexivity]. }
      { unfold U, V, row_axis, column_axis in Hreads. rewrite !start_axis in Hreads. exact Hreads. }
      destruct (clear_rows_means raw clear (vals1 ++ vs2) s2 after s3) as (vs3 & H3 & Hafter);
        auto using known_means_app.
      exists ((vals1 ++ vs2) ++ vs3). split; [assumption|]. split.
      - apply means_app. exact (weighted_means _ _ _ _ _ _ _ Hm Hk).
      - split; [intros point Hpt; apply (Hboxes point); now apply agrees_app, agrees_app in Hpt|].
        intros point Hpt f [Hf|Hf]; [|now apply (Hafter point Hpt)].
        apply (Hrows point); [|assumption]. now apply agrees_app, agrees_app in Hpt.
    Qed.

    (** What the kernel's acceptance of a local fact means at this position. *)
    Theorem check_local_sound weights clear inside upper r p :
      all_clear clear -> exhibited inside -> check_local st weights rs cs clear inside upper r p = true ->
      if upper then outputs weights <= ratio_value r else ratio_value r <= outputs weights.
    Proof.
      intros Hclear Hinside. unfold check_local.
      destruct (local_at st weights rs cs clear inside) as [l|] eqn:El; [|discriminate].
      intros [Hr%positive_real Hcheck]%andb_true_iff.
      destruct (local_at_means weights clear inside l Hclear Hinside El) as (vals & [Hc Hn] & Hvalue & _ & Hrows).
      assert (Hpt := point_of_agrees vals).
      apply (bounded_holds vals (local_value l) upper r (outputs weights) (point_of vals) Hvalue Hpt Hr).
      apply (check_sound _ _ Hcheck (point_of vals) (fun _ => False)); try easy.
      - intros n Hin. cbn [nodes] in Hin. apply in_rev in Hin. now apply Hn.
      - cbn [before_nodes after_nodes]. now apply Hrows.
    Qed.

    (** * Blocks by interval arithmetic *)

    Lemma interval_gives_sound fine ab upper r v :
      0 < real fine -> real (fst ab) <= real fine * v <= real (snd ab) -> interval_gives fine ab upper r = true ->
      if upper then v <= ratio_value r else ratio_value r <= v.
    Proof.
      intros Hfine Hv. unfold interval_gives. rewrite andb_true_iff. intros [Hr%positive_real Hbound].
      assert (Hi : 0 < / real (under r)) by now apply Rinv_0_lt_compat.
      unfold ratio_value. destruct upper; apply leb_real in Hbound; rewrite !real_mul in Hbound;
        (apply (Rmult_le_reg_l (real fine * real (under r))); [nra|]);
        replace (real fine * real (under r) * (real (over r) / real (under r))) with (real (over r) * real fine)
          by (field; lra); nra.
    Qed.

    (** The intervals hold at a point that has the circuit's values. *)
    Lemma circuit_intervals_sound point boxes l found :
      boxes_hold point 0 boxes -> (forall n, In n l -> node_holds point n) ->
      circuit_intervals st boxes l = Some found ->
      0 < real (fine_grid st) /\ lies (fine_grid st) point found.
    Proof.
      intros Hboxes Hn. unfold circuit_intervals. destruct (_ && _) eqn:E; [|discriminate].
      rewrite !andb_true_iff in E. destruct E as [[Hfine%positive_real Hfac%eqb_real] Hscales].
      rewrite real_mul in Hfac. rewrite forallb_forall in Hscales. intros Em. split; [assumption|].
      apply (node_intervals_sound (fine_grid st) point Hfine) in Em; [assumption| |].
      - now apply pixel_intervals_sound.
      - intros n Hin. split; [now apply Hn|]. apply positive_real. auto.
    Qed.

    Lemma value_interval vals found q v ab :
      means vals q v -> 0 < real (fine_grid st) -> lies (fine_grid st) (point_of vals) found ->
      form_interval (fine_grid st) found (top q) (below q) = Some ab ->
      real (fst ab) <= real (fine_grid st) * v <= real (snd ab).
    Proof.
      intros [Hb Hv] Hfine Hlies E. destruct ab as [a b]. specialize (Hv _ (point_of_agrees vals)).
      apply (form_interval_sound _ _ found _ _ a b Hlies Hb) in E. rewrite Hv in E. cbn [fst snd].
      replace (real (below q) * v / real (below q)) with v in E by (field; lra). exact E.
    Qed.

    Theorem check_box_sound weights inside upper r :
      exhibited inside -> check_box st weights rs cs inside upper r = true ->
      if upper then outputs weights <= ratio_value r else ratio_value r <= outputs weights.
    Proof.
      intros Hinside. unfold check_box.
      destruct (local_at st weights rs cs [] inside) as [l|] eqn:El; [|discriminate].
      destruct (bind _ _) as [ab|] eqn:E; [|discriminate]. apply bind_some in E. destruct E as (found & Em & Ef).
      assert (Hclear : all_clear []) by (intros ? ? ? ? ? ? []).
      destruct (local_at_means weights [] inside l Hclear Hinside El) as (vals & [_ Hn] & Hv & Hboxes & _).
      assert (Hpt := point_of_agrees vals).
      apply (circuit_intervals_sound (point_of vals)) in Em; [|now apply Hboxes|].
      2: { intros n Hin. apply in_rev in Hin. now apply Hn. }
      destruct Em as [Hfine Hlies]. apply interval_gives_sound; [assumption|].
      now apply (value_interval vals found (local_value l)).
    Qed.

    Theorem check_block_sound weights inside upper r p :
      exhibited inside -> check_block st weights rs cs inside upper r p = true ->
      if upper then outputs weights <= ratio_value r else ratio_value r <= outputs weights.
    Proof.
      intros Hinside. destruct p as [p|]; cbn [check_block]; [|now apply check_box_sound].
      apply check_local_sound; [intros ? ? ? ? ? ? []|assumption].
    Qed.

    (** What all outputs' intervals at a kind of position say. *)
    Lemma bounds_at_sound ks k ab :
      interval_of k (bounds_at st ks rs cs) = Some ab ->
      0 < real (fine_grid st) /\ real (fst ab) <= real (fine_grid st) * output k <= real (snd ab).
    Proof.
      assert (Hempty : forall u v, interval_of u (PositiveMap.empty (number * number)) = Some v -> False).
      { intros u v. unfold interval_of. rewrite PositiveMap.gempty. discriminate. }
      unfold bounds_at. destruct (needs (stem st) rs cs _) as [|inputs needed]; [now intros H%Hempty|].
      destruct (bind _ _) as [[m found]|] eqn:E; [|now intros H%Hempty].
      apply bind_some in E. destruct E as ([[[[raw reads] rows] boxes] s1] & Ha & E).
      apply bind_some in E. destruct E as ([m' s2] & Hu & E). cbn [fst snd] in E.
      destruct (circuit_intervals st boxes (rev (gates s2))) as [found'|] eqn:Em; [|discriminate].
      injection E as <- <-. fold w in Ha.
      assert (H0 : describes [] (State 0 [])) by (split; [reflexivity|intros point _ n []]).
      assert (Hnone : forall p q, find_place nothing_known p = Some q -> real_place p).
      { intros p q. unfold find_place, nothing_known. rewrite PositiveMap.gempty. discriminate. }
      destruct (allocate_means None _ _ _ _ _ _ _ _ _ [] (exhibited_ends None I) H0
                  (nothing_known_means _ _) (nothing_known_means _ _) Hnone Ha)
        as (vs1 & H1 & _ & Hreads & _ & _ & Hboxes).
      set (vals1 := [] ++ vs1) in *.
      destruct st_fine as (_ & _ & Hlayers & _).
      destruct (unroll_means (stem st) (Networks.read_image (reading_of st) x) i j rs cs needed reads vals1 s1 m' s2)
        as (vs2 & H2 & Hm); auto.
      { intros Hne. unfold rs, row_axis. destruct (row_levels (stem st)); [congruence|reflexivity]. }
      { intros Hne. unfold cs, column_axis. destruct (column_levels (stem st)); [congruence|reflexivity]. }
      { unfold U, V, row_axis, column_axis in Hreads. rewrite !start_axis in Hreads. exact Hreads. }
      assert (Hpt := point_of_agrees (vals1 ++ vs2)).
      apply (circuit_intervals_sound (point_of (vals1 ++ vs2))) in Em.
      2: { apply Hboxes. now apply agrees_app in Hpt. }
      2: { intros n Hin. apply in_rev in Hin. destruct H2 as [_ Hn]. now apply Hn. }
      destruct Em as [Hfine Hlies]. intros Hk. split; [assumption|]. revert Hk.
      induction ks as [|k' ks IH]; cbn [fold_right]; [now intros H%Hempty|].
      destruct (bind _ _) as [ab'|] eqn:E; [|exact IH].
      apply bind_some in E. destruct E as (q & Hq & E).
      unfold interval_of, set_interval.
      destruct (N.eq_dec k' k) as [->|Hne].
      - rewrite PositiveMap.gss. intros [= <-]. specialize (Hm _ _ Hq). unfold at_range in Hm.
        rewrite !Z.add_0_r in Hm. now apply (value_interval (vals1 ++ vs2) found' q).
      - rewrite PositiveMap.gso; [exact IH|]. intros H. apply Hne. apply (f_equal Pos.pred_N) in H.
        rewrite !N.pos_pred_succ in H. congruence.
    Qed.

    Theorem check_kind_sound ks k clear upper r p :
      all_clear clear -> check_kind st (bounds_at st ks rs cs) k rs cs clear upper r p = true ->
      if upper then output k <= ratio_value r else ratio_value r <= output k.
    Proof.
      intros Hclear. destruct p as [p|]; cbn [check_kind].
      - intros H. rewrite <- outputs_alone. now apply (check_local_sound (alone k) clear None upper r p).
      - destruct clear; [|discriminate]. destruct (interval_of k _) as [ab|] eqn:E; [|discriminate].
        apply bounds_at_sound in E. destruct E as [Hfine Hv]. now apply interval_gives_sound.
    Qed.
  End AtOnePosition.
End Locals.
