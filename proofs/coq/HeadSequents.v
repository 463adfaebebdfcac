(** Head sequents say what they should (FORMAT.md, "Head sequents"): if [check_head] accepts a bound, the sum of logits
    has it on every image that contains or avoids every feature, for which the facts are true, and for which the
    formulas of the premises hold or fail. *)

From Coq Require Import Reals ZArith NArith List Lra Lia Bool FMapPositive.
From ExactCNN Require Import Sums Images Formulas Numbers Checker Instance Soundness Quotients Locals Pools.
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

    (** The stem's output; how many positions it has. *)
    Variable out : image.
    Hypothesis out_nonempty : (1 <= height out)%Z /\ (1 <= width out)%Z.
    Hypothesis out_fewest : IZR (fewest_positions st) <= area out.
    Hypothesis out_most : forall n, most_positions st = Some n -> area out <= IZR n.

    (** The pooled channels. *)
    Definition m : nat -> R := Networks.pooled (pool_of (pool st)) out.

    Definition logits : nat -> R := fold_left (fun v f => Networks.apply_head f v) (map head_of (head st)) m.

    (** * What facts and atoms mean *)

    Definition avoided (f : nat) : Prop := forall g, Tasks.numbered T f g -> Tasks.avoids T x g.

    Definition exhibited_somewhere (f t : nat) : Prop :=
      exists g box r c, find_template st f t = Some (g, box) /\ Tasks.window_fits (feature_of st g) x r c /\
        Tasks.excess T (feature_of st g) (template_of st g box) (window x r c) = 0.

    Definition channel_value (k : N) (i j : Z) : R := pixel out (N.to_nat k) i j.

    (** Weights over the channels' numbers. *)
    Definition real_weights (weights : list (N * number)) : list (nat * R) :=
      map (fun w => (N.to_nat (fst w), real (snd w))) weights.

    (** Where a window exhibits the template, the weighted sum of channels is at least [low] at some position. *)
    Definition seen_true (f t : nat) (weights : list (N * number)) (low : ratio) : Prop :=
      0 < real (under low) /\ (forall w, In w weights -> 0 <= real (snd w)) /\
      (exhibited_somewhere f t ->
       exists i j, inside out i j /\ ratio_value low <= blended out (real_weights weights) i j).

    Definition fact_true (f : fact) : Prop :=
      match f with
      | Floor k low _ =>
          0 < real (under low) /\ forall i j, inside out i j -> ratio_value low <= channel_value k i j
      | Upper k high avoid _ =>
          0 < real (under high) /\
          ((forall f, In f avoid -> avoided f) ->
           forall i j, inside out i j -> channel_value k i j <= ratio_value high)
      | Lower f t k low _ => seen_true f t (alone k) low
      | Joint f t weights low _ => seen_true f t weights low
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
      destruct f as [|k high [|a avoid] blocks| |]; try destruct Hc.
      destruct (find_place known (k, 0%Z, 0%Z)); [|destruct Hc].
      destruct (spread st true high); [|destruct Hc].
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

    (** * What facts say of pooled channels *)

    Lemma ratio_sign r :
      0 < real (under r) ->
      (0 <= real (over r) <-> 0 <= ratio_value r) /\ (real (over r) <= 0 -> ratio_value r <= 0).
    Proof.
      intros Hu. assert (E : real (over r) = ratio_value r * real (under r)) by (unfold ratio_value; field; lra).
      rewrite E. split; [split|]; intros H; nra.
    Qed.

    (** The number of positions over which a bound is spread is on its safe side. *)
    Lemma positions_chosen (few : bool) n :
      (if few then Some (fewest_positions st) else most_positions st) = Some n ->
      if few then IZR n <= area out else area out <= IZR n.
    Proof. destruct few; [intros [= <-]; exact out_fewest|apply out_most]. Qed.

    Lemma spread_holds k (upper : bool) r s :
      0 < real (under r) ->
      (forall i j, inside out i j ->
         if upper then channel_value k i j <= ratio_value r else ratio_value r <= channel_value k i j) ->
      spread st upper r = Some s ->
      0 < real (under s) /\ if upper then m (N.to_nat k) <= ratio_value s else ratio_value s <= m (N.to_nat k).
    Proof.
      intros Hu H E.
      assert (Hm : if upper then m (N.to_nat k) <= match pool st with PoolSum => area out * ratio_value r
                                                                  | _ => ratio_value r end
                   else match pool st with PoolSum => area out * ratio_value r
                                         | _ => ratio_value r end <= m (N.to_nat k)).
      { unfold m. destruct upper.
        - assert (B := every_at_most out out_nonempty (N.to_nat k) (ratio_value r) (pool_of (pool st)) H).
          destruct (pool st); exact B.
        - assert (B := every_at_least out out_nonempty (N.to_nat k) (ratio_value r) (pool_of (pool st)) H).
          destruct (pool st); exact B. }
      unfold spread in E. destruct (pool st); try (injection E as <-; auto).
      set (few := if upper then Num.leb (over r) Num.zero else Num.leb Num.zero (over r)) in E.
      destruct (if few then Some (fewest_positions st) else most_positions st) as [n|] eqn:En in E; [|discriminate].
      injection E as <-.
      apply positions_chosen in En. cbn [under]. split; [assumption|].
      assert (Ev : ratio_value (Ratio (Num.mul (of_Z n) (over r)) (under r)) = IZR n * ratio_value r).
      { unfold ratio_value. cbn [over under]. rewrite real_mul, real_of_Z. unfold Rdiv. ring. }
      rewrite Ev. destruct (ratio_sign r Hu) as [Hsign Hneg]. unfold few in En.
      destruct upper; destruct (Num.leb _ _) eqn:Hle in En.
      - apply leb_real in Hle. rewrite real_zero in Hle.
        apply Hneg in Hle. nra.
      - apply leb_false_real in Hle. rewrite real_zero in Hle.
        assert (0 <= ratio_value r) by (apply Hsign; lra). nra.
      - apply leb_real in Hle. rewrite real_zero in Hle. apply Hsign in Hle. nra.
      - apply leb_false_real in Hle. rewrite real_zero in Hle.
        assert (ratio_value r <= 0) by (apply Hneg; lra). nra.
    Qed.

    Lemma floor_among_true k l low :
      (forall f, In f l -> fact_true f) -> floor_among k l = Some low ->
      0 < real (under low) /\ forall i j, inside out i j -> ratio_value low <= channel_value k i j.
    Proof.
      induction l as [|f l IH]; [discriminate|]. intros Hl.
      assert (IH' := IH (fun f Hf => Hl f (or_intror Hf))). specialize (Hl f (or_introl eq_refl)).
      destruct f as [j c ?|j c ? ?|? ? ? ? ?|? ? ? ? ?]; cbn [floor_among]; try assumption.
      destruct (N.eqb_spec j k) as [->|]; [|assumption]. intros [= <-]. exact Hl.
    Qed.

    Lemma blended_floor_true weights c :
      (forall w, In w weights -> 0 <= real (snd w)) -> blended_floor facts weights = Some c ->
      0 < real (under c) /\ forall i j, inside out i j -> ratio_value c <= blended out (real_weights weights) i j.
    Proof.
      revert c. induction weights as [|[k a] weights IH]; intros c Hw; cbn [blended_floor].
      - intros [= <-]. cbn [under]. rewrite real_one. split; [lra|]. intros i j _.
        unfold ratio_value. cbn [over under]. rewrite real_zero, real_one. unfold blended. cbn. lra.
      - intros E. apply bind_some in E. destruct E as (d & Hd & E). apply bind_some in E. destruct E as (e & He & E).
        injection E as <-.
        destruct (floor_among_true k facts d facts_true Hd) as [Hdu Hdv].
        destruct (IH e (fun w Hin => Hw w (or_intror Hin)) He) as [Heu Hev].
        specialize (Hw (k, a) (or_introl eq_refl)). cbn [snd] in Hw.
        cbn [under]. rewrite real_mul. split; [nra|]. intros i j Hin. specialize (Hdv i j Hin).
        specialize (Hev i j Hin).
        unfold ratio_value at 1. cbn [over under]. rewrite real_add, !real_mul.
        unfold blended. cbn [real_weights map sum fst snd]. fold (real_weights weights).
        fold (blended out (real_weights weights) i j). fold (channel_value k i j).
        replace ((real a * real (over d) * real (under e) + real (over e) * real (under d))
                 / (real (under d) * real (under e))) with (real a * ratio_value d + ratio_value e)
          by (unfold ratio_value; field; lra).
        nra.
    Qed.

    Lemma somewhere_holds weights low s :
      (forall w, In w weights -> 0 <= real (snd w)) -> 0 < real (under low) ->
      (exists i j, inside out i j /\ ratio_value low <= blended out (real_weights weights) i j) ->
      somewhere st facts weights low = Some s ->
      0 < real (under s) /\
      ratio_value s <= sum weights (fun w => real (snd w) * m (N.to_nat (fst w))).
    Proof.
      intros Hw Hu (i & j & Hin & Hlow) E.
      assert (Ep : sum weights (fun w => real (snd w) * m (N.to_nat (fst w)))
                   = pooled_blend out (real_weights weights) (pool_of (pool st))).
      { unfold pooled_blend, real_weights. now rewrite sum_map. }
      rewrite Ep. unfold somewhere in E. destruct (pool st); cbn [pool_of].
      - injection E as <-. split; [assumption|].
        apply Rle_trans with (blended out (real_weights weights) i j); [assumption|].
        apply somewhere_max; try assumption.
        intros w Hin'. apply in_map_iff in Hin'. destruct Hin' as (v & <- & Hv). cbn [snd]. auto.
      - apply bind_some in E. destruct E as (c & Hc & E). apply bind_some in E. destruct E as (n & Hn & E).
        injection E as <-. destruct (blended_floor_true weights c Hw Hc) as [Hcu Hcv].
        apply positions_chosen in Hn. cbn [under]. rewrite real_mul. split; [nra|].
        unfold ratio_value. cbn [over under]. rewrite real_add, !real_mul, real_of_Z, minus_IZR.
        replace ((real (over low) * real (under c) + (IZR n - 1) * (real (over c) * real (under low)))
                 / (real (under low) * real (under c))) with (ratio_value low + (IZR n - 1) * ratio_value c)
          by (unfold ratio_value; field; lra).
        apply (somewhere_sum_bound out out_nonempty (real_weights weights) _ _ i j); try assumption.
        destruct (ratio_sign c Hcu) as [Hsign _]. destruct (Rle_dec 0 (ratio_value c)) as [H|H].
        + destruct (Num.leb _ _) eqn:Hle; [assumption|]. apply leb_false_real in Hle. rewrite real_zero in Hle.
          apply Hsign in H. lra.
        + destruct (Num.leb _ _) eqn:Hle; [|assumption]. apply leb_real in Hle. rewrite real_zero in Hle.
          apply Hsign in Hle. lra.
      - apply bind_some in E. destruct E as (c & Hc & E). apply bind_some in E. destruct E as (n & Hn%out_most & E).
        injection E as <-. destruct (blended_floor_true weights c Hw Hc) as [Hcu Hcv].
        assert (N1 := area_positive out out_nonempty). cbn [under]. rewrite !real_mul, real_of_Z. split.
        { repeat apply Rmult_lt_0_compat; lra. }
        unfold ratio_value. cbn [over under]. rewrite real_add, !real_mul, !real_of_Z, minus_IZR.
        replace ((real (over low) * real (under c) + (IZR n - 1) * (real (over c) * real (under low)))
                 / (IZR n * (real (under low) * real (under c))))
          with ((ratio_value low + (IZR n - 1) * ratio_value c) / IZR n)
          by (unfold ratio_value; field; lra).
        now apply (somewhere_mean_bound out out_nonempty (real_weights weights) _ _ i j).
    Qed.

    (** * The pooled channels and the logits *)

    Definition pool_image : image := Image 1 1 (fun k _ _ => m k).

    Lemma bound_rows_hold vals q v (upper : bool) r point f :
      means vals q v -> agrees point vals ->
      (forall s, r = Some s -> 0 < real (under s) /\ if upper then v <= ratio_value s else ratio_value s <= v) ->
      In f (bound_rows q upper r) -> 0 <= value point f.
    Proof.
      intros Hq Hp Hr. destruct r as [s|]; [|intros []]. intros [<-|[]]. destruct (Hr s eq_refl) as [Hu Hb].
      now apply (bounded_holds vals q upper s v point Hq Hp Hu).
    Qed.

    Lemma plain_rows_hold vals k q point f :
      means vals q (m (N.to_nat k)) -> agrees point vals -> In f (plain_rows st facts k q) -> 0 <= value point f.
    Proof.
      intros Hq Hp. unfold plain_rows. rewrite in_app_iff, !in_flat_map. intros [(fa & Hfa & Hf)|(fa & Hfa & Hf)].
      - destruct fa as [l low blocks| | |]; try destruct Hf. destruct (N.eqb_spec l k) as [->|]; [|destruct Hf].
        destruct (facts_true _ Hfa) as [Hu Hall].
        refine (bound_rows_hold vals q _ false _ point f Hq Hp _ Hf). intros s. now apply (spread_holds k false low).
      - destruct fa as [|l high [|a avoid] blocks| |]; try destruct Hf.
        destruct (N.eqb_spec l k) as [->|]; [|destruct Hf].
        destruct (facts_true _ Hfa) as [Hu Hall].
        refine (bound_rows_hold vals q _ true _ point f Hq Hp _ Hf). intros s. apply (spread_holds k true high s Hu).
        apply Hall. intros g [].
    Qed.

    Lemma allocate_pooled_means l : forall known s known' rows s' vals,
      describes vals s -> known_means vals known (at_range pool_image 0 0) ->
      allocate_pooled st facts l known s = Some (known', rows, s') ->
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

    Lemma about_windows_true fa f t weights low blocks :
      fact_true fa -> about_windows fa = Some (f, t, weights, low, blocks) -> seen_true f t weights low.
    Proof.
      intros H E. destruct fa; cbn [about_windows] in E; try discriminate; injection E as <- <- <- <- _; exact H.
    Qed.

    Lemma switched_rows_hold vals known point l f :
      known_means vals known (at_range pool_image 0 0) -> agrees point vals ->
      truth l -> In f (switched_rows st facts known l) -> 0 <= value point f.
    Proof.
      intros Hk Hp Ht. destruct l as [[|] a]; [|intros []]. cbn [switched_rows].
      destruct a as [g|g t|y i|j]; try (intros []).
      - intros Hf. apply in_flat_map in Hf. destruct Hf as (fa & Hfa & Hf).
        destruct (about_windows fa) as [[[[[h u] weights] low] blocks]|] eqn:Ea; [|destruct Hf].
        destruct (_ && _) eqn:E; [|destruct Hf]. apply andb_true_iff in E. destruct E as [->%Nat.eqb_eq ->%Nat.eqb_eq].
        destruct (weighted known weights) as [q|] eqn:Eq; [|destruct Hf].
        destruct (about_windows_true _ _ _ _ _ _ (facts_true _ Hfa) Ea) as (Hu & Hw & Hsome).
        apply (weighted_means vals known pool_image 0 0 weights q Hk) in Eq.
        refine (bound_rows_hold vals q _ false _ point f Eq Hp _ Hf). intros s Es.
        exact (somewhere_holds weights low s Hw Hu (Hsome Ht) Es).
      - destruct Ht as (k & high & avoid & blocks & Ej & Hav). cbn [snd] in *. rewrite Ej. intros Hf.
        destruct (find_place known (k, 0%Z, 0%Z)) as [q|] eqn:Eq; [|destruct Hf].
        destruct (facts_true _ (nth_error_In _ _ Ej)) as [Hu Hall].
        refine (bound_rows_hold vals q (m (N.to_nat k)) true _ point f (Hk _ _ Eq) Hp _ Hf). intros s.
        apply (spread_holds k true high s Hu). now apply Hall.
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
