(** From local to global (THEOREM.md, section 3): if [check_instance] accepts a certificate of a
    statement, the statement is true. The network has zero error, with the statement's margin, on the admissible images
    of all the sizes of the statement's range. *)

From Coq Require Import Reals ZArith NArith List Lra Lia Bool.
From ExactCNN Require Import Sums Images Formulas Numbers Checker Instance Soundness Quotients Locals Pools.
From ExactCNN Require Import HeadSequents.
From ExactCNN Require Axis Tasks Networks.
Import ListNotations.
Open Scope R_scope.

Module Certificates (Num : SpecifiedNumbers).
  Module Export Logits := HeadSequents Num.

  (** * Lists *)

  Lemma distinct_in {A} (same : forall a b : A, {a = b} + {a <> b}) l : forall seen a,
    In a l -> ~ In a seen -> In a (distinct same seen l).
  Proof.
    induction l as [|b l IH]; intros seen a; [intros []|]. cbn [distinct].
    intros Ha Hn. destruct (in_dec same b seen) as [Hb|Hb].
    - apply IH; [|assumption]. destruct Ha as [->|Ha]; [contradiction|assumption].
    - destruct (same b a) as [->|N]; [now left|]. right.
      apply IH; [destruct Ha; congruence|]. intros [->|H]; [congruence|contradiction].
  Qed.

  Lemma each_nth {A B} (test : A -> B -> bool) l : forall m k a,
    each test l m = true -> nth_error l k = Some a -> exists b, nth_error m k = Some b /\ test a b = true.
  Proof.
    induction l as [|a l IH]; intros [|b m] [|k] a'; cbn [each nth_error]; try discriminate.
    - intros [H _]%andb_true_iff [= <-]. eauto.
    - intros [_ H]%andb_true_iff. eauto.
  Qed.

  Lemma each_in {A B} (test : A -> B -> bool) l m a :
    each test l m = true -> In a l -> exists b, In b m /\ test a b = true.
  Proof.
    intros H Ha. destruct (In_nth_error _ _ Ha) as [k Hk].
    destruct (each_nth test l m k a H Hk) as (b & Hb & Ht). exists b. split; [exact (nth_error_In _ _ Hb)|assumption].
  Qed.

  Lemma nth_numbers {A} (l : list A) k : (k < length l)%nat -> nth_error (numbers_of l) k = Some k.
  Proof.
    intros H. unfold numbers_of. rewrite nth_error_nth' with (d := 0%nat) by now rewrite seq_length.
    now rewrite seq_nth.
  Qed.

  Lemma between_smallest_greatest l a : In a l -> (smallest l <= a <= greatest l)%Z.
  Proof.
    unfold smallest, greatest. destruct l as [|b l]; [intros []|]. revert b a.
    induction l as [|c l IH]; intros b a; cbn [fold_right In].
    - intros [->|[]]. lia.
    - intros [->|[->|H]].
      + specialize (IH a a (or_introl eq_refl)). lia.
      + lia.
      + specialize (IH b a (or_intror H)). lia.
  Qed.

  (** * What a statement that passes the test is *)

  Lemma level_okb_spec l : level_okb l = true -> Axis.level_ok l.
  Proof. unfold level_okb, Axis.level_ok. rewrite !andb_true_iff, !Z.leb_le. tauto. Qed.

  Lemma layer_okb_spec l : layer_okb l = true -> layer_fine l.
  Proof.
    unfold layer_okb, layer_fine. rewrite !andb_true_iff, !forallb_forall. intros [[Hr Hc] Ht].
    split; [apply Forall_forall; intros; apply level_okb_spec; auto|].
    split; [apply Forall_forall; intros; apply level_okb_spec; auto|].
    destruct l as [inputs d a taps bias u| | |]; auto. intros o k r s w Hin.
    rewrite forallb_forall in Ht.
    destruct (Nat.lt_ge_cases o (length taps)) as [Hlt|Hge]; [|rewrite nth_overflow in Hin by assumption; destruct Hin].
    specialize (Ht _ (nth_In taps [] Hlt)). rewrite forallb_forall in Ht. specialize (Ht _ Hin). cbv beta iota in Ht.
    rewrite !andb_true_iff, N.ltb_lt, !Z.leb_le, !Z.ltb_lt in Ht. lia.
  Qed.

  Section Statement.
    Variables (st : statement) (cert : certificate).
    Hypothesis accepted : check_instance st cert = true.

    Let T := task_of st.

    Lemma accepted_parts :
      statement_okb st = true /\
      (exists rows columns, row_lengths st = Some rows /\ column_lengths st = Some columns /\
                            forall f, In f (facts cert) ->
          check_fact st (bounded_kinds st (boxed_channels (facts cert)) rows columns) rows columns f = true) /\
      each (check_right st cert) (numbers_of (classes st)) (rights cert) = true /\
      each (check_wrong st cert) (numbers_of (classes st)) (wrongs cert) = true /\
      forall y z, (y < length (classes st))%nat -> (z < length (classes st))%nat -> y <> z ->
        check_pair st cert y z = true.
    Proof.
      assert (H := accepted). unfold check_instance in H. rewrite !andb_true_iff in H.
      destruct H as [[[[[Hst Hfacts] Hright] Hwrong] Hpairs] _].
      split; [assumption|]. split.
      { destruct (row_lengths st) as [rows|]; [|discriminate].
        destruct (column_lengths st) as [columns|]; [|discriminate].
        exists rows, columns. rewrite forallb_forall in Hfacts. auto. }
      split; [assumption|]. split; [assumption|]. intros y z Hy Hz Hne.
      rewrite forallb_forall in Hpairs. specialize (Hpairs y ltac:(apply in_seq; lia)).
      rewrite forallb_forall in Hpairs. specialize (Hpairs z ltac:(apply in_seq; lia)).
      apply orb_true_iff in Hpairs. destruct Hpairs as [->%Nat.eqb_eq|H]; [contradiction|assumption].
    Qed.

    Lemma statement_parts :
      statement_fine st /\ Forall layer_fine (head_layers st) /\ 0 < real (under (margin st)) /\
      (forall g, In g (Tasks.features T) -> 0 < Tasks.gap g) /\
      (forall c, In c (classes st) -> Tasks.class_ok T c) /\
      Axis.defined_at (row_axis st) (least_height st) = true /\
      Axis.defined_at (column_axis st) (least_width st) = true.
    Proof.
      destruct accepted_parts as (H & _). unfold statement_okb in H. rewrite !andb_true_iff, !forallb_forall in H.
      destruct H as [[[[[[[[Hgrid%positive_real Hrange] Hm%positive_real] Hstem] Hhead] Hfeat] Hclass] Hd1] Hd2].
      assert (Hg : forall g, In g (features st) ->
                (1 <= f_rows g)%Z /\ (1 <= f_columns g)%Z /\ 0 < real (under (f_gap g)) /\ 0 < real (over (f_gap g))).
      { intros g Hin. specialize (Hfeat g Hin). unfold feature_okb, fits_ratio in Hfeat.
        rewrite !andb_true_iff, !Z.leb_le in Hfeat. destruct Hfeat as [[[? ?] ?%positive_real] ?%positive_real]. auto. }
      repeat split; try assumption.
      - unfold strictly_below in Hrange. apply negb_true_iff, leb_false_real in Hrange. assumption.
      - apply Forall_forall. intros l Hl. apply layer_okb_spec. auto.
      - apply (Hg g H).
      - apply (Hg g H).
      - apply (Hg g H).
      - apply Forall_forall. intros l Hl. apply layer_okb_spec. auto.
      - intros g Hin. cbn [T task_of Tasks.features] in Hin. apply in_map_iff in Hin. destruct Hin as (h & <- & Hh).
        destruct (Hg h Hh) as (_ & _ & Hu & Ho). cbn [feature_of Tasks.gap]. unfold ratio_value, Rdiv.
        apply Rmult_lt_0_compat; [assumption|]. now apply Rinv_0_lt_compat.
      - intros [l|] Hin; [|exact I]. specialize (Hclass _ Hin). cbn [class_okb] in Hclass.
        apply andb_true_iff in Hclass. destruct Hclass as [Hne Hin'].
        split; [destruct l; [discriminate|congruence]|]. intros a Ha n Hn.
        rewrite forallb_forall in Hin'. specialize (Hin' a Ha). rewrite forallb_forall in Hin'.
        cbn [T task_of Tasks.features]. rewrite map_length. apply Nat.ltb_lt, Hin'. apply in_app_iff. tauto.
    Qed.

    (** * One image of the range *)

    Definition in_sizes (H W : Z) : Prop :=
      (least_height st <= H)%Z /\ (forall n, most_height st = Some n -> (H <= n)%Z) /\
      (least_width st <= W)%Z /\ (forall n, most_width st = Some n -> (W <= n)%Z).

    Section OneImage.
      Variable x : image.
      Hypothesis x_ok : Tasks.is_image T x.
      Hypothesis x_size : in_sizes (height x) (width x).

      Let out := Networks.stem_output (network_of st) x.

      Lemma axis_positions l n : Axis.positions (axis_levels l) n = Axis.positions l n.
      Proof. destruct l; [|reflexivity]. cbn. unfold Axis.above. cbn. rewrite Z.div_1_r. lia. Qed.

      Lemma axis_defined l n : Axis.defined_at (axis_levels l) n = true -> Axis.defined_at l n = true.
      Proof. destruct l; [|auto]. cbn. rewrite !andb_true_iff. tauto. Qed.

      Lemma apply_size l a :
        height (Networks.apply (layer_of l) a) = Axis.positions (row_levels_of l) (height a) /\
        width (Networks.apply (layer_of l) a) = Axis.positions (column_levels_of l) (width a).
      Proof. destruct l; split; reflexivity. Qed.

      Lemma positions_app l l' n : Axis.positions (l ++ l') n = Axis.positions l' (Axis.positions l n).
      Proof. revert n. induction l as [|a l IH]; intros n; [reflexivity|]. cbn [app Axis.positions]. apply IH. Qed.

      Lemma defined_app l l' n :
        Axis.defined_at (l ++ l') n = true -> Axis.defined_at l' (Axis.positions l n) = true /\ (1 <= n)%Z.
      Proof.
        revert n. induction l as [|a l IH]; intros n H; cbn [app Axis.positions] in *.
        - split; [assumption|]. destruct l'; cbn [Axis.defined_at] in H; apply andb_true_iff in H;
            destruct H as [H _]; lia.
        - cbn [Axis.defined_at] in H. apply andb_true_iff in H. destruct H as [H H']. split; [now apply IH|lia].
      Qed.

      Lemma activations_sizes l : forall a,
        Axis.defined_at (row_levels l) (height a) = true -> Axis.defined_at (column_levels l) (width a) = true ->
        (forall b, In b (Networks.activations (map layer_of l) a) -> (1 <= height b)%Z /\ (1 <= width b)%Z) /\
        height (fold_left (fun y f => Networks.apply f y) (map layer_of l) a) = Axis.positions (row_levels l)
          (height a) /\
        width (fold_left (fun y f => Networks.apply f y) (map layer_of l) a) = Axis.positions (column_levels l)
          (width a).
      Proof.
        induction l as [|l ls IH]; intros a Hr Hc.
        - cbn in Hr, Hc. rewrite andb_true_r in Hr, Hc. split; [|split; reflexivity].
          intros b [<-|[]]. lia.
        - unfold row_levels, column_levels in *. cbn [flat_map map fold_left Networks.activations] in *.
          apply defined_app in Hr, Hc. destruct Hr as [Hr Hr1], Hc as [Hc Hc1].
          destruct (apply_size l a) as [Eh Ew]. rewrite <- Eh in Hr. rewrite <- Ew in Hc.
          destruct (IH _ Hr Hc) as (H1 & H2 & H3). split; [|split].
          + intros b [<-|Hb]; auto.
          + rewrite H2, Eh, positions_app. reflexivity.
          + rewrite H3, Ew, positions_app. reflexivity.
      Qed.

      Lemma axes_ok : Forall Axis.level_ok (row_axis st) /\ Forall Axis.level_ok (column_axis st).
      Proof.
        destruct statement_parts as ((_ & _ & Hl & _) & _).
        split; apply axis_levels_ok; [now apply row_levels_ok|now apply column_levels_ok].
      Qed.

      Lemma stem_defined :
        Axis.defined_at (row_levels (stem st)) (height x) = true /\
          Axis.defined_at (column_levels (stem st)) (width x) = true.
      Proof.
        destruct statement_parts as (_ & _ & _ & _ & _ & Hr & Hc). destruct axes_ok as [Or Oc].
        destruct x_size as (H1 & _ & H2 & _). split; apply axis_defined.
        - now apply (Axis.defined_above (row_axis st) Or _ _ H1).
        - now apply (Axis.defined_above (column_axis st) Oc _ _ H2).
      Qed.

      Lemma network_defined : Networks.defined (network_of st) x.
      Proof.
        destruct stem_defined as [Hr Hc].
        exact (proj1 (activations_sizes (stem st) (Networks.read_image (reading_of st) x) Hr Hc)).
      Qed.

      Lemma out_size :
        height out = Axis.positions (row_axis st) (height x) /\ width out = Axis.positions (column_axis st) (width x).
      Proof.
        destruct stem_defined as [Hr Hc].
        destruct (activations_sizes (stem st) (Networks.read_image (reading_of st) x) Hr Hc) as (_ & H2 & H3).
        unfold row_axis, column_axis. rewrite !axis_positions. split; assumption.
      Qed.

      Lemma out_nonempty : (1 <= height out)%Z /\ (1 <= width out)%Z.
      Proof.
        apply network_defined. unfold out, Networks.stem_output. cbn [network_of Networks.stem Networks.input].
        generalize (Networks.read_image (reading_of st) x) as a.
        induction (stem st) as [|l ls IH]; intros a; [now left|].
        right. apply IH.
      Qed.

      (** There are as many positions as the kernel counts at the least size, or more; and as many as at the greatest
          size, or fewer. *)
      Lemma out_fewest : IZR (fewest_positions st) <= area out.
      Proof.
        destruct statement_parts as (_ & _ & _ & _ & _ & Hr & Hc). destruct axes_ok as [Or Oc].
        destruct x_size as (H1 & _ & H2 & _), out_size as [Eh Ew]. unfold area, fewest_positions. apply IZR_le.
        rewrite Eh, Ew. apply Axis.defined_positions in Hr, Hc. apply (Axis.positions_mono _ Or) in H1.
        apply (Axis.positions_mono _ Oc) in H2. apply Z.mul_le_mono_nonneg; lia.
      Qed.

      Lemma out_most n : most_positions st = Some n -> area out <= IZR n.
      Proof.
        destruct axes_ok as [Or Oc]. destruct x_size as (_ & H1 & _ & H2), out_size as [Eh Ew].
        destruct out_nonempty as [Hh Hw]. unfold most_positions.
        destruct (most_height st) as [h|]; [|discriminate]. destruct (most_width st) as [w|]; [|discriminate].
        intros [= <-]. apply IZR_le. specialize (H1 h eq_refl). specialize (H2 w eq_refl).
        apply (Axis.positions_mono _ Or) in H1. apply (Axis.positions_mono _ Oc) in H2.
        rewrite <- Eh in H1. rewrite <- Ew in H2. apply Z.mul_le_mono_nonneg; lia.
      Qed.

      Lemma inside_out i j :
        inside out i j <-> (0 <= i < Axis.positions (row_axis st) (height x))%Z /\
                           (0 <= j < Axis.positions (column_axis st) (width x))%Z.
      Proof. unfold inside. destruct out_size as [-> ->]. tauto. Qed.

      (** The kind of every position is listed. *)
      Lemma kind_listed rows columns i j :
        row_lengths st = Some rows -> column_lengths st = Some columns -> inside out i j ->
        In (Axis.signature (row_axis st) (height x) i, Axis.signature (column_axis st) (width x) j)
           (list_prod (kind_list (row_axis st) rows) (kind_list (column_axis st) columns)).
      Proof.
        intros Hr Hc Hin%inside_out. destruct axes_ok as [Or Oc]. destruct x_size as (H1 & H2 & H3 & H4).
        apply in_prod; apply distinct_in; try (intros []).
        - apply (Axis.kinds_complete (row_axis st) Or _ _ _ _ _ _ _ Hr); tauto.
        - apply (Axis.kinds_complete (column_axis st) Oc _ _ _ _ _ _ _ Hc); tauto.
      Qed.

      Lemma kind_bounded rows columns i j ks :
        row_lengths st = Some rows -> column_lengths st = Some columns -> inside out i j ->
        let rs := Axis.signature (row_axis st) (height x) i in
        let cs := Axis.signature (column_axis st) (width x) j in
        In (rs, cs, bounds_at st ks rs cs) (bounded_kinds st ks rows columns).
      Proof.
        intros Hr Hc Hin rs cs. unfold bounded_kinds.
        apply (in_map (fun kind => (kind, bounds_at st ks (fst kind) (snd kind)))). now apply kind_listed.
      Qed.

      Lemma check_seen_spec f t weights low seen block :
        check_seen st f t weights low seen block = true ->
        exists r rs c cs p, In (r, rs) (fst seen) /\ In (c, cs) (snd seen) /\
                            check_block st weights rs cs (Some (f, t, r, c)) false low p = true.
      Proof.
        destruct block as [[a b] p]. unfold check_seen.
        destruct (nth_error (fst seen) a) as [[r rs]|] eqn:Ea; [|discriminate].
        destruct (nth_error (snd seen) b) as [[c cs]|] eqn:Eb; [|discriminate].
        intros H. exists r, rs, c, cs, p. split; [exact (nth_error_In _ _ Ea)|].
        split; [exact (nth_error_In _ _ Eb)|assumption].
      Qed.

      Lemma blended_outputs weights i j : outputs st x i j weights = blended out (real_weights weights) i j.
      Proof. unfold blended, real_weights. rewrite sum_map. reflexivity. Qed.

      (** A bound of a weighted sum that every way of seeing a window gives at one of its positions. *)
      Lemma windows_hold rows columns f t weights low blocks :
        row_lengths st = Some rows -> column_lengths st = Some columns ->
        (forall w, In w weights -> 0 <= real (snd w)) ->
        check_windows st rows columns f t weights low blocks = true -> seen_true st x out f t weights low.
      Proof.
        intros Hr Hc Hw H. destruct statement_parts as (Hst & _). destruct axes_ok as [Or Oc].
        unfold check_windows in H.
        destruct (find_template st f t) as [[g box]|] eqn:Hgb; [|discriminate].
        apply andb_true_iff in H. destruct H as [Hu%positive_real Hblocks]. split; [assumption|]. split; [assumption|].
        intros (g' & box' & r0 & c0 & E & Hfit & H0). rewrite Hgb in E. injection E as <- <-.
        destruct (find_template_in st f t g box Hgb) as [Hg%nth_error_In _].
        destruct x_size as (H1 & H2 & H3 & H4).
        unfold Tasks.window_fits in Hfit. cbn [feature_of Tasks.rows Tasks.columns] in Hfit.
        assert (Hseen : In (Axis.sights (row_axis st) (height x) r0 (f_rows g),
                            Axis.sights (column_axis st) (width x) c0 (f_columns g))
                           (list_prod (class_list (row_axis st) (f_rows g) rows)
                                      (class_list (column_axis st) (f_columns g) columns))).
        { apply in_prod; apply distinct_in; try (intros []).
          - apply (Axis.sight_classes_complete (row_axis st) Or _ _ _ _ _ _ _ _ Hr); try tauto.
            apply between_smallest_greatest. now apply in_map.
          - apply (Axis.sight_classes_complete (column_axis st) Oc _ _ _ _ _ _ _ _ Hc); try tauto.
            apply between_smallest_greatest. now apply in_map. }
        destruct (each_in _ _ _ _ Hblocks Hseen) as (block & _ & Hp).
        apply check_seen_spec in Hp. destruct Hp as (r & rs & c & cs & p & Ea & Eb & Hp). cbn [fst snd] in Ea, Eb.
        apply in_map_iff in Ea, Eb.
        destruct Ea as (i & Ei & Hi%Axis.in_seeing); [|assumption].
        destruct Eb as (j & Ej & Hj%Axis.in_seeing); [|assumption].
        unfold Axis.sight in Ei, Ej. injection Ei as <- <-. injection Ej as <- <-.
        exists i, j. split; [apply inside_out; destruct Hi as (Hi & _), Hj as (Hj & _); auto|].
        rewrite <- blended_outputs.
        refine (check_block_sound st x i j Hst x_ok weights
                  (Some (f, t, (r0 - Axis.start (row_axis st) i)%Z, (c0 - Axis.start (column_axis st) j)%Z))
                  false low p _ Hp).
        intros g' box' E. rewrite Hgb in E. injection E as <- <-.
        replace (Axis.start (row_axis st) i + (r0 - Axis.start (row_axis st) i))%Z with r0 by lia.
        replace (Axis.start (column_axis st) j + (c0 - Axis.start (column_axis st) j))%Z with c0 by lia. exact H0.
      Qed.

      (** What a fact of the certificate says is true of this image. *)
      Lemma fact_holds f : In f (facts cert) -> fact_true st x out f.
      Proof.
        intros Hf. destruct accepted_parts as (_ & (rows & columns & Hr & Hc & Hfacts) & _).
        specialize (Hfacts f Hf). destruct statement_parts as (Hst & _). destruct axes_ok as [Or Oc].
        destruct f as [k low blocks|k high avoid blocks|f t k low blocks|f t weights low blocks];
          cbn [check_fact fact_true] in *.
        - apply andb_true_iff in Hfacts. destruct Hfacts as [Hu%positive_real Hblocks]. split; [assumption|].
          intros i j Hin.
          destruct (each_in _ _ _ _ Hblocks (kind_bounded rows columns i j _ Hr Hc Hin)) as (p & _ & Hp).
          cbv beta iota in Hp.
          refine (check_kind_sound st x i j Hst x_ok _ k [] false low p _ Hp).
          intros ? ? ? ? ? ? [].
        - apply andb_true_iff in Hfacts. destruct Hfacts as [Hu%positive_real Hblocks]. split; [assumption|].
          intros Hav i j Hin.
          destruct (each_in _ _ _ _ Hblocks (kind_bounded rows columns i j _ Hr Hc Hin)) as ([clear p] & _ & Hp).
          cbn [fst snd] in Hp. apply andb_true_iff in Hp. destruct Hp as [Hclear Hp].
          refine (check_kind_sound st x i j Hst x_ok _ k clear true high p _ Hp).
          intros f t r c g box Hc' Hgb Hfit. rewrite forallb_forall in Hclear. specialize (Hclear _ Hc').
          cbv beta iota in Hclear.
          apply existsb_exists in Hclear. destruct Hclear as (f' & Hf' & E%Nat.eqb_eq). subst f'.
          destruct (find_template_in st f t g box Hgb) as [Hg Hbox].
          apply (Hav f Hf' (feature_of st g)).
          + unfold Tasks.numbered. cbn [task_of Tasks.features]. now apply map_nth_error.
          + assumption.
          + cbn [feature_of Tasks.templates]. apply in_map. exact (nth_error_In _ _ Hbox).
        - apply (windows_hold rows columns f t (alone k) low blocks Hr Hc); [|assumption].
          intros w [<-|[]]. cbn [snd]. rewrite real_one. lra.
        - apply andb_true_iff in Hfacts. destruct Hfacts as [Hjoint Hfacts].
          apply (windows_hold rows columns f t weights low blocks Hr Hc); [|assumption].
          unfold joint_okb in Hjoint. rewrite !andb_true_iff, forallb_forall in Hjoint. intros w Hw.
          left. now apply positive_real, Hjoint.
      Qed.

      (** * The label's lead *)

      Hypothesis decided : forall f, In f (Tasks.features T) -> Tasks.contains T x f \/ Tasks.avoids T x f.
      Variable y : nat.
      Hypothesis y_label : Tasks.labelled T x y.

      Lemma label_holds : holds_number st x y.
      Proof. destruct y_label as (c & Hy & Hc & _). exists c. auto. Qed.

      Lemma label_alone z : (z < length (classes st))%nat -> z <> y -> fails_number st x z.
      Proof.
        intros Hz Hne. destruct (nth_error (classes st) z) as [c|] eqn:E; [|apply nth_error_None in E; lia].
        exists c. split; [exact E|]. intros Hc. destruct y_label as (_ & _ & _ & Hu). apply Hne. eauto.
      Qed.

      Lemma head_bound holds fails goal r p :
        (forall n, In n holds -> holds_number st x n) -> (forall n, In n fails -> fails_number st x n) ->
        check_head st (facts cert) holds fails goal r p = true ->
        ratio_value r <= sum goal (fun g => real (fst g) * Networks.logit (network_of st) x (snd g)).
      Proof.
        destruct statement_parts as (_ & Hhead & _ & Hgaps & Hclasses & _).
        exact (check_head_sound st (facts cert) x Hhead decided Hgaps Hclasses out out_nonempty out_fewest out_most
                 fact_holds holds fails goal r p).
      Qed.

      Lemma opposite_value r : ratio_value (opposite r) = - ratio_value r.
      Proof. unfold ratio_value, opposite. cbn [over under]. rewrite real_opp. unfold Rdiv. ring. Qed.

      Lemma leads_value a b : leads st a b = true -> ratio_value (margin st) <= ratio_value a - ratio_value b.
      Proof.
        unfold leads. rewrite !andb_true_iff.
        intros [[[Ha%positive_real Hb%positive_real] Hm%positive_real] Hle%leb_real].
        rewrite !real_mul, real_add, real_opp, !real_mul in Hle. unfold ratio_value.
        apply (Rmult_le_reg_r (real (under a) * real (under b) * real (under (margin st)))).
        - repeat apply Rmult_lt_0_compat; assumption.
        - replace (real (over (margin st)) / real (under (margin st)) * (real (under a) * real (under b)
            * real (under (margin st))))
            with (real (over (margin st)) * (real (under a) * real (under b))) by (field; lra).
          replace ((real (over a) / real (under a) - real (over b) / real (under b))
                   * (real (under a) * real (under b) * real (under (margin st))))
            with ((real (over a) * real (under b) + - (real (over b) * real (under a))) * real (under (margin st)))
            by (field; lra).
          lra.
      Qed.

      Lemma lead z :
        (z < length (classes st))%nat -> z <> y ->
        Networks.logit (network_of st) x z + ratio_value (margin st) <= Networks.logit (network_of st) x y.
      Proof.
        intros Hz Hne. destruct accepted_parts as (_ & _ & Hright & Hwrong & Hpairs).
        assert (Hy : (y < length (classes st))%nat).
        { destruct label_holds as (c & Hc & _). apply nth_error_Some. congruence. }
        specialize (Hpairs y z Hy Hz (not_eq_sym Hne)). unfold check_pair, separated in Hpairs.
        apply orb_true_iff in Hpairs. destruct Hpairs as [H|H].
        - destruct (each_nth _ _ _ y y Hright (nth_numbers _ y Hy)) as (ra & Ea & Ha). rewrite Ea in H.
          destruct ra as [[a pa]|]; [|discriminate].
          destruct (each_nth _ _ _ z z Hwrong (nth_numbers _ z Hz)) as (rb & Eb & Hb). rewrite Eb in H.
          destruct rb as [[b pb]|]; [|discriminate]. cbn [check_right check_wrong] in Ha, Hb.
          apply leads_value in H.
          apply head_bound in Ha; [|intros n [<-|[]]; exact label_holds|intros n []].
          apply head_bound in Hb; [|intros n []|intros n [<-|[]]; now apply label_alone].
          rewrite opposite_value in Hb. cbn [sum fst snd] in Ha, Hb. rewrite real_one in Ha.
          rewrite real_opp, real_one in Hb.
          lra.
        - apply existsb_exists in H. destruct H as ([[y' z'] p] & _ & H).
          rewrite !andb_true_iff, !Nat.eqb_eq in H. destruct H as [[-> ->] H].
          apply head_bound in H.
          + cbn [sum fst snd] in H. rewrite real_opp, real_one in H. lra.
          + intros n [<-|[]]. exact label_holds.
          + intros n Hn. unfold others in Hn. destruct (is_otherwise st y); [destruct Hn|].
            apply filter_In in Hn. destruct Hn as [Hn%in_seq Hb]. apply andb_true_iff in Hb. destruct Hb as [Hb _].
            apply negb_true_iff, Nat.eqb_neq in Hb. apply label_alone; [lia|assumption].
      Qed.
    End OneImage.

    (** The acceptance of a certificate is the theorem. *)
    Theorem check_instance_sound :
      Networks.zero_error T (network_of st) in_sizes (ratio_value (margin st)).
    Proof.
      intros x y (x_ok & Hdecided & _) Hy Hsize. split; [now apply network_defined|].
      intros z Hz Hne. now apply lead.
    Qed.
  End Statement.
End Certificates.
