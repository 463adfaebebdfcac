(** Head sequents say what they should (FORMAT.md, "Head sequents"): if [check_head] accepts a bound, the sum of logits
    has it on every image that contains or avoids every feature, for which the facts are true, and for which the
    formulas of the premises hold or fail. *)

From Coq Require Import Reals ZArith NArith List Lra Lia Bool FMapPositive.
From ExactCNN Require Import Sums Images Formulas Numbers Checker Instance Soundness Quotients Locals.
From ExactCNN Require Axis Tasks Networks Heads.
Import ListNotations.
Open Scope R_scope.

Module HeadSequents (Num : SpecifiedNumbers).
  Module Export Positions := Locals Num.

  (** * The network of a statement *)

  Definition dense_weight (taps : list (list (N * number))) (u : number) (o k : nat) : R :=
    sum (nth o taps []) (fun t => if (N.to_nat (fst t) =? k)%nat then real (snd t) / real u else 0).

  Definition head_of (l : head_layer) : Networks.head_layer :=
    match l with
    | SDense inputs taps bias u =>
        Networks.Dense (N.to_nat inputs) (dense_weight taps u) (fun o => real (nth o bias Num.zero) / real u)
    | SDenseRelu => Networks.DenseRelu
    end.

  Definition pool_of (p : pool_kind) : Networks.pool :=
    match p with
    | PoolMax => Networks.GlobalMax
    | PoolSum => Networks.GlobalSum
    | PoolMean => Networks.GlobalMean
    end.

  Definition network_of (st : statement) : Networks.network :=
    Networks.Network (reading_of st) (map layer_of (stem st)) (pool_of (pool st)) (map head_of (head st)).

  (** * The head as convolutions of a single pixel *)

  Lemma single_apply l a v :
    height a = 1%Z -> width a = 1%Z -> (forall k, pixel a k 0 0 = v k) ->
    let b := Networks.apply (layer_of (as_stem l)) a in
    height b = 1%Z /\ width b = 1%Z /\ forall o, pixel b o 0 0 = Networks.apply_head (head_of l) v o.
  Proof.
    intros Hh Hw Hv. destruct l as [inputs taps bias u|]; cbn zeta;
      cbn [as_stem layer_of head_of Networks.apply Networks.apply_head].
    - split; [|split].
      + unfold Networks.convolution, Networks.slide. cbn. rewrite Hh. reflexivity.
      + unfold Networks.convolution, Networks.slide. cbn. rewrite Hw. reflexivity.
      + intros o. unfold Networks.convolution, Networks.slide.
        cbn [pixel geometry_of single Axis.kernel Axis.stride Axis.before
          Networks.kernel_rows Networks.kernel_columns Networks.down Networks.right Networks.top Networks.left].
        f_equal. rewrite patch_sum_channels_last. change (ints 1) with [0%Z]. cbn [sum]. rewrite !Rplus_0_r.
        apply sum_ext. intros k _. change (0 * 1 - 0 + 0)%Z with 0%Z. f_equal.
        * unfold tap_weight, dense_weight.
          set (g := fun t : N * number => (fst t, 0%Z, 0%Z, snd t)).
          assert (E : nth o (map (map g) taps) [] = map g (nth o taps [])) by apply (map_nth (map g) taps [] o).
          rewrite E, sum_map.
          apply sum_ext. intros t _. unfold g. change (0 =? 0)%Z with true. now rewrite !andb_true_r.
        * unfold padded, insideb. rewrite Hh, Hw. cbn. apply Hv.
    - repeat split; auto. intros o. cbn [pixel]. now rewrite Hv.
  Qed.

  Lemma single_fold l : forall a v,
    height a = 1%Z -> width a = 1%Z -> (forall k, pixel a k 0 0 = v k) ->
    forall o, pixel (fold_left (fun x f => Networks.apply f x) (map layer_of (map as_stem l)) a) o 0 0
              = fold_left (fun v f => Networks.apply_head f v) (map head_of l) v o.
  Proof.
    induction l as [|h l IH]; intros a v Hh Hw Hv; cbn [map fold_left]; [assumption|].
    destruct (single_apply h a v Hh Hw Hv) as (Hh' & Hw' & Hv'). now apply IH.
  Qed.

  Lemma head_levels l : row_levels (map as_stem l) = column_levels (map as_stem l) /\
                        Forall (eq single) (row_levels (map as_stem l)).
  Proof.
    induction l as [|[inputs taps bias u|] l [IH IH']]; unfold row_levels, column_levels in *;
      cbn [map as_stem flat_map row_levels_of column_levels_of app]; [auto| |auto].
    rewrite IH. split; [reflexivity|]. constructor; [reflexivity|]. now rewrite <- IH.
  Qed.

  Lemma single_geometry l : Forall (eq single) l ->
    Axis.start l 0 = 0%Z /\ Axis.field l = 1%Z /\ Axis.signature l 1 0 = map (fun _ => (0, 1)%Z) l.
  Proof.
    induction 1 as [|a l <- _ (IH1 & IH2 & IH3)]; [auto|].
    cbn [Axis.start Axis.field Axis.signature map]. rewrite IH1, IH2. cbn. rewrite IH3. auto.
  Qed.

  Section OneImage.
    Variables (st : statement) (facts : list fact) (x : image).
    Let T := task_of st.
    Hypothesis head_fine : Forall layer_fine (head_layers st).
    Hypothesis features_decided : forall f, In f (Tasks.features T) -> Tasks.contains T x f \/ Tasks.avoids T x f.
    Hypothesis gaps : forall f, In f (Tasks.features T) -> 0 < Tasks.gap f.
    Hypothesis classes_fine : forall c, In c (classes st) -> Tasks.class_ok T c.

    (** The pooled channels. *)
    Variable m : nat -> R.

    Definition logits : nat -> R := fold_left (fun v f => Networks.apply_head f v) (map head_of (head st)) m.

    (** * What facts and atoms mean *)

    Definition avoided (f : nat) : Prop := forall g, Tasks.numbered T f g -> Tasks.avoids T x g.

    Definition exhibited_somewhere (f t : nat) : Prop :=
      exists g box r c, find_template st f t = Some (g, box) /\ Tasks.window_fits (feature_of st g) x r c /\
        Tasks.excess T (feature_of st g) (template_of st g box) (window x r c) = 0.

    Definition fact_true (f : fact) : Prop :=
      match f with
      | Floor k low _ => 0 < real (under low) /\ ratio_value low <= m (N.to_nat k)
      | Upper k high avoid _ =>
          0 < real (under high) /\ ((forall f, In f avoid -> avoided f) -> m (N.to_nat k) <= ratio_value high)
      | Lower f t k low _ => 0 < real (under low) /\ (exhibited_somewhere f t -> ratio_value low <= m (N.to_nat k))
      end.

    Hypothesis facts_true : forall f, In f facts -> fact_true f.

    Definition atom_true (a : atom) : Prop :=
      match a with
      | Contains f => exists g, Tasks.numbered T f g /\ Tasks.contains T x g
      | Exhibits f t => exhibited_somewhere f t
      | Chosen y i => exists b, nth_error (formula st y) i = Some b /\ Tasks.alternative_holds T x b
      | Avoided j => exists k high avoid blocks, nth_error facts j = Some (Upper k high avoid blocks) /\
                                                 forall f, In f avoid -> avoided f
      end.

    Definition truth (l : literal) : Prop := if fst l then atom_true (snd l) else ~ atom_true (snd l).

    Lemma truth_consistent l : truth l -> truth (negation l) -> False.
    Proof. destruct l as [[|] a]; unfold truth, negation; simpl; tauto. Qed.

    (** * Formulas *)

    Lemma feature_numbered f :
      (f < length (features st))%nat ->
      exists g, nth_error (features st) f = Some g /\ Tasks.numbered T f (feature_of st g).
    Proof.
      intros Hf. destruct (nth_error (features st) f) as [g|] eqn:E; [|apply nth_error_None in E; lia].
      exists g. split; [reflexivity|]. unfold Tasks.numbered. cbn [T task_of Tasks.features]. now apply map_nth_error.
    Qed.

    Lemma contains_cases f :
      (f < length (features st))%nat -> atom_true (Contains f) \/ ~ atom_true (Contains f) /\ avoided f.
    Proof.
      intros Hf. destruct (feature_numbered f Hf) as (g & _ & Hg).
      assert (Hin := nth_error_In _ _ Hg).
      destruct (features_decided _ Hin) as [Hc|Ha]; [left; exists (feature_of st g); auto|]. right.
      assert (Hall : avoided f).
      { intros g' Hg'. replace g' with (feature_of st g) by (unfold Tasks.numbered in *; congruence). assumption. }
      split; [|assumption]. intros (g' & Hg' & Hc).
      apply (Tasks.contains_not_avoids T x g'); [apply gaps; exact (nth_error_In _ _ Hg')|assumption|auto].
    Qed.

    Lemma requires_cases l :
      (forall f, In f l -> (f < length (features st))%nat) ->
      (forall f, In f l -> atom_true (Contains f)) \/ (exists f, In f l /\ ~ atom_true (Contains f) /\ avoided f).
    Proof.
      induction l as [|a l IH]; intros Hl; [left; intros f []|].
      destruct (contains_cases a) as [H|H]; [apply Hl; now left| |right; exists a; split; [now left|exact H]].
      destruct IH as [IH|(f & Hf & H')]; [intros; apply Hl; now right| |right; exists f; split; [now right|exact H']].
      left. intros f [<-|Hf]; auto.
    Qed.

    Lemma forbids_cases l :
      (forall f, In f l -> (f < length (features st))%nat) ->
      (forall f, In f l -> ~ atom_true (Contains f) /\ avoided f) \/ (exists f, In f l /\ atom_true (Contains f)).
    Proof.
      induction l as [|a l IH]; intros Hl; [left; intros f []|].
      destruct (contains_cases a) as [H|H]; [apply Hl; now left|right; exists a; split; [now left|exact H]|].
      destruct IH as [IH|(f & Hf & H')]; [intros; apply Hl; now right| |right; exists f; split; [now right|exact H']].
      left. intros f [<-|Hf]; auto.
    Qed.

    Definition in_range (a : alternative) : Prop :=
      forall n, In n (requires a) \/ In n (forbids a) -> (n < length (features st))%nat.

    Lemma in_literals a l : In l (literals a) <-> (exists f, In f (requires a) /\ l = (true, Contains f)) \/
                                                  (exists f, In f (forbids a) /\ l = (false, Contains f)).
    Proof.
      unfold literals. rewrite in_app_iff, !in_map_iff.
      split; (intros [(f & H1 & H2)|(f & H1 & H2)]; [left|right]; exists f; auto).
    Qed.

    (** An alternative holds, and so do its literals; or one of them is false. *)
    Lemma alternative_cases a :
      in_range a ->
      (Tasks.alternative_holds T x a /\ forall l, In l (literals a) -> truth l) \/
      (~ Tasks.alternative_holds T x a /\ exists l, In l (literals a) /\ truth (negation l)).
    Proof.
      intros Hr. destruct (requires_cases (requires a)) as [Hreq|(f & Hf & Hn & Ha)]; [auto| |].
      - destruct (forbids_cases (forbids a)) as [Hforb|(f & Hf & Hc)]; [auto| |].
        + left. split.
          * split; intros n g Hn Hg.
            -- destruct (Hreq n Hn) as (g' & Hg' & Hc). replace g with g' by (unfold Tasks.numbered in *; congruence).
               assumption.
            -- destruct (Hforb n Hn) as [_ Hav]. now apply Hav.
          * intros l [(f & Hf & ->)|(f & Hf & ->)]%in_literals; unfold truth; simpl; [now apply Hreq|now apply Hforb].
        + right. split.
          * intros [_ H]. destruct Hc as (g & Hg & Hc).
            apply (Tasks.contains_not_avoids T x g); [apply gaps; exact (nth_error_In _ _ Hg)|assumption|eauto].
          * exists (false, Contains f). split; [apply in_literals; eauto|exact Hc].
      - right. split.
        + intros [H _]. destruct (feature_numbered f) as (g & _ & Hg); [auto|].
          apply Hn. exists (feature_of st g). eauto.
        + exists (true, Contains f). split; [apply in_literals; eauto|exact Hn].
    Qed.

    Lemma alternatives_cases l :
      (forall a, In a l -> in_range a) ->
      (exists a, In a l /\ Tasks.alternative_holds T x a) \/ (forall a, In a l -> ~ Tasks.alternative_holds T x a).
    Proof.
      induction l as [|a l IH]; intros Hl; [right; intros a []|].
      destruct (alternative_cases a) as [[H _]|[H _]]; [apply Hl; now left|left; exists a; split; [now left|exact H]|].
      destruct IH as [(b & Hb & H')|H']; [intros; apply Hl; now right|left; exists b; split; [now right|exact H']|].
      right. intros b [<-|Hb]; auto.
    Qed.

    Definition clause_true (c : list literal) : Prop := exists l, In l c /\ truth l.

    Lemma chosen_true y :
      (forall a, In a (formula st y) -> in_range a) ->
      (exists a, In a (formula st y) /\ Tasks.alternative_holds T x a) ->
      forall c, In c (chosen_clauses y (formula st y)) -> clause_true c.
    Proof.
      intros Hr (a & Ha & Hh) c [<-|Hc].
      - destruct (In_nth_error _ _ Ha) as [i Hi]. exists (true, Chosen y i). split; [|exists a; auto].
        apply (in_map (fun i => (true, Chosen y i))), in_seq.
        assert (i < length (formula st y))%nat by (apply nth_error_Some; congruence). lia.
      - apply in_flat_map in Hc. destruct Hc as ([i b] & Hib & Hc). cbn [fst snd] in Hc.
        apply in_map_iff in Hc. destruct Hc as (l & <- & Hl).
        assert (Hb : nth_error (formula st y) i = Some b).
        { apply (Heads.in_enumerate (formula st y) i b). exact Hib. }
        destruct (alternative_cases b) as [[_ H]|[H _]]; [exact (Hr b (nth_error_In _ _ Hb))| |].
        + exists l. split; [right; now left|auto].
        + exists (false, Chosen y i). split; [now left|]. intros (b' & Hb' & H'). congruence.
    Qed.

    Lemma failed_true y :
      (forall a, In a (formula st y) -> in_range a) ->
      (forall a, In a (formula st y) -> ~ Tasks.alternative_holds T x a) ->
      forall c, In c (failed_clauses (formula st y)) -> clause_true c.
    Proof.
      intros Hr Hn c Hc. apply in_map_iff in Hc. destruct Hc as (a & <- & Ha).
      destruct (alternative_cases a) as [[H _]|[_ (l & Hl & H)]]; [auto|destruct (Hn a Ha H)|].
      exists (negation l). split; [now apply in_map|assumption].
    Qed.

    (** Class number [y] holds, or exists and does not hold. *)
    Definition holds_number (y : nat) : Prop := exists c, nth_error (classes st) y = Some c /\ Tasks.class_holds T x c.
    Definition fails_number (y : nat) : Prop :=
      exists c, nth_error (classes st) y = Some c /\ ~ Tasks.class_holds T x c.

    Lemma formula_in_range y : forall a, In a (formula st y) -> in_range a.
    Proof.
      assert (Hc : forall l, In (AnyOf l) (classes st) -> forall a, In a l -> in_range a).
      { intros l Hl a Ha n Hn. destruct (classes_fine _ Hl) as [_ H].
        specialize (H a Ha n Hn). cbn [T task_of Tasks.features] in H. now rewrite map_length in H. }
      assert (Hall : forall a, In a (flat_map (fun c => match c with AnyOf l => l | Otherwise => [] end) (classes st))
        -> in_range a).
      { intros a Ha. apply in_flat_map in Ha. destruct Ha as ([l|] & Hl & Ha); [eauto|destruct Ha]. }
      intros a. unfold formula. destruct (nth_error (classes st) y) as [[l|]|] eqn:E; auto.
      apply Hc. exact (nth_error_In _ _ E).
    Qed.

    Lemma otherwise_formula y :
      nth_error (classes st) y = Some Otherwise ->
      ((exists a, In a (formula st y) /\ Tasks.alternative_holds T x a) <->
       exists c, In c (classes st) /\ Tasks.formula_holds T x c).
    Proof.
      intros E. unfold formula. rewrite E. split.
      - intros (a & Ha & Hh). apply in_flat_map in Ha. destruct Ha as ([l|] & Hl & Ha); [|destruct Ha].
        exists (AnyOf l). split; [assumption|]. exists a. auto.
      - intros ([l|] & Hl & H); [|destruct H]. destruct H as (a & Ha & Hh).
        exists a. split; [|assumption]. apply in_flat_map. exists (AnyOf l). auto.
    Qed.

    Lemma formula_clauses_true y :
      (holds_number y -> forall c, In c (formula_clauses st y true) -> clause_true c) /\
      (fails_number y -> forall c, In c (formula_clauses st y false) -> clause_true c).
    Proof.
      assert (Hr := formula_in_range y). unfold formula_clauses, is_otherwise. split.
      - intros (c & Hc & Hh). rewrite Hc. destruct c as [l|]; cbn [Bool.eqb].
        + apply chosen_true; [assumption|]. unfold formula. rewrite Hc. exact Hh.
        + apply failed_true; [assumption|]. intros a Ha Hal.
          destruct (proj1 (otherwise_formula y Hc) (ex_intro _ a (conj Ha Hal))) as (c & Hin & Hf). exact (Hh c Hin Hf).
      - intros (c & Hc & Hn). rewrite Hc. destruct c as [l|]; cbn [Bool.eqb].
        + apply failed_true; [assumption|]. intros a Ha Hal. apply Hn. unfold formula in Ha. rewrite Hc in Ha.
          exists a. auto.
        + apply chosen_true; [assumption|].
          destruct (alternatives_cases (formula st y) Hr) as [H|H]; [assumption|].
          exfalso. apply Hn. intros c Hin Hf.
          destruct (proj2 (otherwise_formula y Hc) (ex_intro _ c (conj Hin Hf))) as (a & Ha & Hal). exact (H a Ha Hal).
    Qed.

    (** * Switches *)

    Lemma in_play_numbered ys f : In f (in_play st ys) -> (f < length (features st))%nat.
    Proof. intros H. apply filter_In in H. destruct H as [H%in_seq _]. lia. Qed.

    Lemma template_clause_true f : (f < length (features st))%nat -> clause_true (template_clause st f).
    Proof.
      intros Hf. destruct (contains_cases f Hf) as [(g & Hg & r & c & Hfit & t & Ht & H0)|[H _]].
      - destruct (feature_numbered f Hf) as (h & Hh & Hh').
        assert (g = feature_of st h) as -> by (unfold Tasks.numbered in *; congruence).
        cbn [feature_of Tasks.templates] in Ht. apply in_map_iff in Ht. destruct Ht as (box & <- & Hbox).
        destruct (In_nth_error _ _ Hbox) as [n Hn].
        exists (true, Exhibits f n). split.
        + unfold template_clause. rewrite Hh. right. apply (in_map (fun t => (true, Exhibits f t))), in_seq.
          assert (n < length (f_templates h))%nat by (apply nth_error_Some; congruence). lia.
        + exists h, box, r, c. split; [|split; assumption].
          unfold find_template. rewrite Hh. cbn [bind]. now rewrite Hn.
      - exists (false, Contains f). split; [now left|exact H].
    Qed.

    Lemma avoided_clauses_true ys known c : In c (avoided_clauses st facts ys known) -> clause_true c.
    Proof.
      intros Hc. apply in_flat_map in Hc. destruct Hc as ([j f] & Hj & Hc). cbn [fst snd] in Hc.
      apply (Heads.in_enumerate facts j f) in Hj.
      destruct f as [|k high [|a avoid] blocks|]; try destruct Hc.
      destruct (find_place known (k, 0%Z, 0%Z)); [|destruct Hc].
      destruct (forallb _ (a :: avoid)) eqn:Hplay; [|destruct Hc].
      set (l := a :: avoid) in *. cbn [In] in Hc. destruct Hc as [<-|[]].
      destruct (forbids_cases l) as [H|(f & Hf & Hcf)].
      - intros f Hf. rewrite forallb_forall in Hplay. specialize (Hplay f Hf).
        apply existsb_exists in Hplay. destruct Hplay as (f' & Hf' & E%Nat.eqb_eq). subst f'.
        now apply (in_play_numbered ys).
      - exists (true, Avoided j). split; [now left|]. exists k, high, l, blocks.
        split; [assumption|]. intros f Hf. now apply H.
      - exists (true, Contains f). split; [|exact Hcf]. right. now apply (in_map (fun f => (true, Contains f))).
    Qed.

    Lemma head_clauses_true holds fails known :
      (forall y, In y holds -> holds_number y) -> (forall z, In z fails -> fails_number z) ->
      forall c, In c (head_clauses st facts holds fails known) -> clause_true c.
    Proof.
      intros Hh Hf c. unfold head_clauses. rewrite !in_app_iff, !in_flat_map.
      intros [(y & Hy & Hc)|[(z & Hz & Hc)|[Hc|Hc]]].
      - exact (proj1 (formula_clauses_true y) (Hh y Hy) c Hc).
      - exact (proj2 (formula_clauses_true z) (Hf z Hz) c Hc).
      - apply in_map_iff in Hc. destruct Hc as (f & <- & Hin). apply template_clause_true.
        now apply in_play_numbered in Hin.
      - now apply avoided_clauses_true in Hc.
    Qed.

    (** * The pooled channels and the logits *)

    Definition pool_image : image := Image 1 1 (fun k _ _ => m k).

    Lemma plain_rows_hold vals k q point f :
      means vals q (m (N.to_nat k)) -> agrees point vals -> In f (plain_rows facts k q) -> 0 <= value point f.
    Proof.
      intros Hq Hp. unfold plain_rows. rewrite in_app_iff, !in_flat_map. intros [(fa & Hfa & Hf)|(fa & Hfa & Hf)].
      - destruct fa as [l low blocks| |]; try destruct Hf. destruct (N.eqb_spec l k) as [->|]; [|destruct Hf].
        destruct Hf as [<-|[]]. destruct (facts_true _ Hfa) as [Hu Hle].
        now apply (bounded_holds vals q false low _ point Hq Hp Hu).
      - destruct fa as [|l high [|a avoid] blocks|]; try destruct Hf.
        destruct (N.eqb_spec l k) as [->|]; [|destruct Hf].
        destruct Hf as [<-|[]]. destruct (facts_true _ Hfa) as [Hu Hle].
        apply (bounded_holds vals q true high _ point Hq Hp Hu). apply Hle. intros f [].
    Qed.

    Lemma allocate_pooled_means l : forall known s known' rows s' vals,
      describes vals s -> known_means vals known (at_range pool_image 0 0) ->
      allocate_pooled facts l known s = Some (known', rows, s') ->
      exists vs, describes (vals ++ vs) s' /\ known_means (vals ++ vs) known' (at_range pool_image 0 0) /\
        forall point, agrees point (vals ++ vs) -> forall f, In f rows -> 0 <= value point f.
    Proof.
      induction l as [|p l IH]; intros known s known' rows s' vals Hs Hk; cbn [allocate_pooled].
      - intros [= <- <- <-]. exists []. rewrite app_nil_r. repeat (split; [assumption|]). intros point _ f [].
      - destruct (place_eqb _ _) eqn:Ep; [|discriminate]. apply place_eqb_eq in Ep.
        intros E. apply bind_some in E. destruct E as ([[known1 rows1] s1] & E & E1). injection E1 as <- <- <-.
        set (k := fst (fst p)) in *. set (v := m (N.to_nat k)).
        assert (Hv := means_new vals s v (proj1 Hs)).
        destruct (IH (add_place p (variable_quotient (count s)) known) (State (N.succ (count s)) (gates s))
          known1 rows1 s1
                     (vals ++ [v])) as (vs & H1 & H2 & H3); auto.
        + split; cbn [count gates]; [rewrite N2Nat.inj_succ, app_length; simpl; destruct Hs; lia|].
          intros point Hpt. apply agrees_app in Hpt. now apply Hs.
        + apply known_means_add; [now apply known_means_app|]. rewrite Ep. exact Hv.
        + exists ([v] ++ vs). rewrite app_assoc. repeat (split; [assumption|]).
          intros point Hpt f [Hf|Hf]%in_app_iff; [|now apply (H3 point Hpt)].
          apply (plain_rows_hold ((vals ++ [v]) ++ vs) k (variable_quotient (count s))); auto using means_app.
    Qed.

    Lemma switched_rows_hold vals known point l f :
      known_means vals known (at_range pool_image 0 0) -> agrees point vals ->
      truth l -> In f (switched_rows facts known l) -> 0 <= value point f.
    Proof.
      intros Hk Hp Ht. destruct l as [[|] a]; [|intros []]. cbn [switched_rows].
      destruct a as [g|g t|y i|j]; try (intros []).
      - intros Hf. apply in_flat_map in Hf. destruct Hf as (fa & Hfa & Hf).
        destruct fa as [| |h u k low blocks]; try destruct Hf.
        destruct (_ && _) eqn:E; [|destruct Hf]. apply andb_true_iff in E. destruct E as [->%Nat.eqb_eq ->%Nat.eqb_eq].
        destruct (find_place known (k, 0%Z, 0%Z)) as [q|] eqn:Eq; [|destruct Hf]. destruct Hf as [<-|[]].
        destruct (facts_true _ Hfa) as [Hu Hle].
        apply (bounded_holds vals q false low (m (N.to_nat k)) point); auto. exact (Hk _ _ Eq).
      - destruct Ht as (k & high & avoid & blocks & Ej & Hav). cbn [snd] in *. rewrite Ej. intros Hf.
        destruct (find_place known (k, 0%Z, 0%Z)) as [q|] eqn:Eq; [|destruct Hf]. destruct Hf as [<-|[]].
        destruct (facts_true _ (nth_error_In _ _ Ej)) as [Hu Hle].
        apply (bounded_holds vals q true high (m (N.to_nat k)) point); auto. exact (Hk _ _ Eq).
    Qed.

    (** What the kernel's acceptance of a bound on logits means for this image. *)
    Theorem check_head_sound holds fails goal r p :
      (forall y, In y holds -> holds_number y) -> (forall z, In z fails -> fails_number z) ->
      check_head st facts holds fails goal r p = true ->
      ratio_value r <= sum goal (fun g => real (fst g) * logits (snd g)).
    Proof.
      intros Hh Hf. unfold check_head. intros [Hr%positive_real Hcheck]%andb_true_iff.
      unfold head_sequent in Hcheck.
      destruct (needs _ _ _ _) as [|pooled needed]; [discriminate|].
      destruct (bind _ _) as [s|] eqn:E in Hcheck; [|discriminate].
      apply bind_some in E. destruct E as ([[known rows] s1] & Ha & E).
      apply bind_some in E. destruct E as ([final s2] & Hu & E). cbn [fst snd] in E.
      apply bind_some in E. destruct E as (parts & Hparts%all_spec & E).
      apply bind_some in E. destruct E as (total & Htotal & E). injection E as <-.
      assert (H0 : describes [] (State 0 [])) by (split; [reflexivity|intros point _ n []]).
      destruct (allocate_pooled_means _ _ _ _ _ _ [] H0 (nothing_known_means _ _) Ha) as (vs1 & H1 & Hk1 & Hrows).
      set (vals1 := [] ++ vs1) in *.
      destruct (head_levels (head st)) as [Elev Hsingle]. fold (head_layers st) in Elev, Hsingle.
      destruct (single_geometry _ Hsingle) as (Gs & _ & Gsig).
      assert (Er : row_levels (head_layers st) <> [] ->
                   head_signature st = Axis.signature (row_levels (head_layers st)) (height pool_image) 0)
        by (intros _; symmetry; exact Gsig).
      assert (Ec : column_levels (head_layers st) <> [] ->
                   head_signature st = Axis.signature (column_levels (head_layers st)) (width pool_image) 0)
        by (intros _; rewrite <- Elev; symmetry; exact Gsig).
      assert (Hk1' : known_means vals1 known (at_range pool_image (Axis.start (row_levels (head_layers st)) 0)
                                                      (Axis.start (column_levels (head_layers st)) 0)))
        by (rewrite <- Elev, Gs; exact Hk1).
      destruct (unroll_means (head_layers st) pool_image 0 0 (head_signature st) (head_signature st)
        needed known vals1 s1
                  final s2 head_fine Er Ec Hk1' H1 Hu) as (vs2 & H2 & Hfinal).
      set (vals := vals1 ++ vs2) in *.
      assert (Hvalues : Forall2 (fun p w => real (fst p) = fst w /\ means vals (snd p) (snd w)) parts
                                (map (fun g => (real (fst g), logits (snd g))) goal)).
      { clear -Hparts Hfinal. revert parts Hparts.
        induction goal as [|[c o] goal IH]; intros [|p parts] Hparts; try discriminate; constructor.
        - cbn [map fst snd] in *. injection Hparts as Hp _.
          destruct (find_place final (head_place o)) as [q|] eqn:Eq; [|discriminate]. injection Hp as <-. cbn [fst snd].
          split; [reflexivity|]. specialize (Hfinal _ _ Eq). cbn [at_range head_place] in Hfinal.
          rewrite Nat2N.id in Hfinal. change (0 + 0)%Z with 0%Z in Hfinal.
          unfold head_layers in Hfinal. rewrite (single_fold (head st) pool_image m) in Hfinal by reflexivity.
          exact Hfinal.
        - apply IH. now injection Hparts. }
      apply (combine_means vals parts _ _ _ _ Hvalues) in Htotal.
      rewrite sum_map in Htotal. cbn [fst snd] in Htotal. rewrite real_zero, real_one in Htotal.
      assert (Hpt := point_of_agrees vals).
      cut (ratio_value r <= (sum goal (fun a => real (fst a) * logits (snd a)) + 0) / 1); [lra|].
      apply (bounded_holds vals total false r _ (point_of vals) Htotal Hpt Hr).
      apply (check_sound _ _ Hcheck (point_of vals) truth).
      - intros n Hn. cbn [nodes] in Hn. apply in_rev in Hn. now apply H2.
      - cbn [before_nodes after_nodes]. intros f [Hin|[]]. apply (Hrows (point_of vals)); [|assumption].
        now apply agrees_app in Hpt.
      - apply truth_consistent.
      - cbn [clauses]. now apply head_clauses_true.
      - cbn [switched]. intros l Hl f Hin.
        apply (switched_rows_hold vals1 known _ l f Hk1); auto. now apply agrees_app in Hpt.
    Qed.
  End OneImage.
End HeadSequents.
