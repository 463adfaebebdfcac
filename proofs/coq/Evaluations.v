(** The evaluator of [Evaluation.v] is right: what it computes of an image's numbers are the activations and logits of
    [Networks.v], and what contains, avoids, admissible and label mean in [Tasks.v]. *)

From Coq Require Import Reals ZArith NArith List Lra Lia Bool FMapPositive.
From ExactCNN Require Import Sums Images Formulas Numbers Checker Instance Evaluation Soundness Quotients Locals.
From ExactCNN Require Import HeadSequents Certificates Layers.
From ExactCNN Require Axis Tasks Networks.
Import ListNotations.
Open Scope R_scope.

Module Evaluations (Num : SpecifiedNumbers).
  Module Export Layered := Layers Num.

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
