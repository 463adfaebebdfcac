(** The construction theorem (THEOREM.md, section 2): for every well-formed task the network that
    exactcnn builds classifies every admissible image of every size right, with margin 1, or 1/2 with [Otherwise].

    A plan says which thresholds and detectors the network has. [construction_of_plan] is about every plan that fits a
    task: thresholds exact or relaxed, in any order, with any part of the gap kept back, for pixels or bytes. The plan
    [exact_plan] takes the task's own intervals and gaps; that it fits gives the headline theorems. *)

From Coq Require Import Reals ZArith List Lra Lia Bool Arith.
From ExactCNN Require Import Sums Images Tasks Networks Detectors Heads.
Import ListNotations.
Open Scope R_scope.

(** * Plans and the networks that follow them *)

Record plan := Plan {
  unit : reading;
  thresholds : list threshold;
  detectors : list detector;
  tallest : Z; widest : Z
}.

Definition build (T : task) (p : plan) : network :=
  Network (unit p) (built_stem T (unit p) (thresholds p) (detectors p) (tallest p) (widest p)) GlobalMax
          (built_head T (detectors p)).

(** A plan fits a task if its thresholds are different and enough, its kernels are large enough, and its detectors are
    right for the templates of the features that own them, none missing. *)
Record fits (T : task) (p : plan) : Prop := Fits {
  unit_positive : 0 < scale (unit p);
  thresholds_distinct : NoDup (thresholds p);
  thresholds_of_channels : forall t, In t (thresholds p) -> (channel t < channels T)%nat;
  thresholds_complete : forall d c side i j,
    In d (detectors p) -> place (channels T) (seen_rows d) (seen_columns d) c i j ->
    active T (unit p) (bound d c side i j) -> In (bound d c side i j) (thresholds p);
  kernels_large : (1 <= tallest p)%Z /\ (1 <= widest p)%Z /\
    forall d, In d (detectors p) -> (seen_rows d <= tallest p)%Z /\ (seen_columns d <= widest p)%Z;
  detectors_right : forall d, In d (detectors p) ->
    exists f t, numbered T (owner d) f /\ In t (templates f) /\ detects T (unit p) d f t;
  detectors_complete : forall n f t, numbered T n f -> In t (templates f) ->
    exists d, In d (detectors p) /\ owner d = n /\ detects T (unit p) d f t
}.

(** The margin: 1, or 1/2 if one of the logits is the constant 1/2. *)
Definition built_margin (T : task) : R :=
  if existsb (fun c => match c with AnyOf _ => false | Otherwise => true end) (classes T) then 1 / 2 else 1.

Section PlanWorks.
  Variables (T : task) (p : plan).
  Hypothesis T_ok : well_formed T.
  Hypothesis p_fits : fits T p.

  Lemma feature_fine n f : numbered T n f -> feature_ok T f.
  Proof. intros Hn%nth_error_In. now apply T_ok. Qed.

  Lemma detector_sizes d :
    In d (detectors p) -> (1 <= seen_rows d <= tallest p)%Z /\ (1 <= seen_columns d <= widest p)%Z.
  Proof.
    intros Hd. destruct (kernels_large T p p_fits) as (_ & _ & H). specialize (H d Hd).
    destruct (detectors_right T p p_fits d Hd) as (f & t & Hn & _ & Er & Ec & _).
    destruct (feature_fine _ _ Hn) as (Hr & Hc & _). lia.
  Qed.

  Section OneImage.
    Variable x : image.
    Hypothesis x_ok : is_image T x.

    Let m := peak T (unit p) (thresholds p) (detectors p) (tallest p) (widest p) x.

    (** The pooled detectors of a feature add up to 0 if it is avoided, and to 1 or more if it is contained. *)
    Lemma presence_right n f :
      numbered T n f ->
      (contains T x f -> 1 <= presence (detectors p) m n) /\ (avoids T x f -> presence (detectors p) m n = 0).
    Proof.
      intros Hn. assert (Hf := feature_fine n f Hn). destruct Hf as (_ & _ & _ & _ & Hboxes).
      destruct p_fits as [Hu Hdis Hch Hcom [Ht1 [Ht2 _]] Hright Hall].
      assert (Hpeak : forall q, In q (enumerate (detectors p)) -> 0 <= m (fst q)).
      { intros [k d] Hk%in_enumerate. unfold m.
        eapply peak_nonneg; eauto using detector_sizes. }
      split.
      - intros (r & s & Hfit & t & Ht & H0).
        destruct (Hall n f t Hn Ht) as (d & Hd & Ho & Hdet).
        destruct (In_nth_error _ _ Hd) as [k Hk].
        apply Rle_trans with (m k).
        + right. symmetry. unfold m. eapply peak_exhibited; eauto using detector_sizes.
        + unfold presence.
          set (term := fun q => if (owner (snd q) =? n)%nat then m (fst q) else 0).
          replace (m k) with (term (k, d)) by (unfold term; cbn [fst snd]; apply Nat.eqb_eq in Ho; now rewrite Ho).
          apply (term_le_sum _ term); [|now apply in_enumerate].
          intros q Hq. unfold term. destruct (owner (snd q) =? n)%nat; [auto|lra].
      - intros Hav. apply sum_0. intros [k d] Hk%in_enumerate. cbn [fst snd].
        destruct (Nat.eqb_spec (owner d) n) as [Ho|]; [|reflexivity].
        destruct (Hright d (nth_error_In _ _ Hk)) as (f' & t & Hn' & Ht & Hdet).
        rewrite Ho in Hn'. assert (f' = f) as -> by (unfold numbered in *; congruence).
        unfold m. eapply peak_avoided; eauto using detector_sizes.
    Qed.

    Lemma absence_right n f :
      numbered T n f -> contains T x f \/ avoids T x f ->
      contains T x f /\ absence (detectors p) m n = 0 \/ avoids T x f /\ absence (detectors p) m n = 1.
    Proof.
      intros Hn. destruct (presence_right n f Hn) as [Hc Ha]. unfold absence. intros [H|H].
      - left. split; [assumption|]. apply relu_neg. specialize (Hc H). lra.
      - right. split; [assumption|]. rewrite (Ha H). rewrite relu_pos; lra.
    Qed.

    Lemma build_logit z : logit (build T p) x z = head_output T (detectors p) m z.
    Proof. reflexivity. Qed.

    Lemma build_defined : defined (build T p) x.
    Proof.
      destruct x_ok as (Hh & Hw & _). intros a.
      cbn [build input stem built_stem activations].
      set (a1 := apply (threshold_layer _ _) _). set (a3 := apply (detector_layer _ _ _ _ _ _) _).
      assert (E1 : height a1 = height x /\ width a1 = width x) by (split; apply extent_same).
      assert (E3 : height a3 = height x /\ width a3 = width x).
      { split; (etransitivity; [apply extent_padded|apply E1]). }
      cbn [In]. intros [<-|[<-|[<-|[<-|[<-|[]]]]]]; cbn [apply read_image height width]; lia.
    Qed.
  End OneImage.

  (** The network of every plan that fits has zero error at every size. *)
  Theorem construction_of_plan : zero_error T (build T p) every_size (built_margin T).
  Proof.
    intros x y (x_ok & Hdecided & _) (c & Hy & Hc & Hunique) _. split; [now apply build_defined|].
    intros z Hz Hzy. rewrite !build_logit.
    set (m := peak T (unit p) (thresholds p) (detectors p) (tallest p) (widest p) x).
    destruct T_ok as (_ & Hfeatures & Hclasses & _).
    assert (Hgaps : forall f, In f (features T) -> 0 < gap f) by (intros f Hf; apply (Hfeatures f Hf)).
    assert (Habs : forall n f, numbered T n f ->
              contains T x f /\ absence (detectors p) m n = 0 \/ avoids T x f /\ absence (detectors p) m n = 1).
    { intros n f Hn. apply absence_right; auto. apply Hdecided. exact (nth_error_In _ _ Hn). }
    destruct (nth_error (classes T) z) as [c'|] eqn:Hc'; [|apply nth_error_None in Hc'; lia].
    assert (Hfails : ~ class_holds T x c') by (intros H; apply Hzy; eauto).
    assert (Ly := head_right T (detectors p) x m y c Hclasses Hgaps Habs Hy).
    assert (Lz := head_right T (detectors p) x m z c' Hclasses Hgaps Habs Hc').
    unfold built_margin. destruct c as [l|], c' as [l'|].
    - destruct Ly as [[-> _]|[_ N]]; [|contradiction]. destruct Lz as [[_ H]|[-> _]]; [contradiction|].
      destruct (existsb _ _); lra.
    - destruct Ly as [[-> _]|[_ N]]; [|contradiction]. rewrite Lz.
      replace (existsb _ _) with true; [lra|]. symmetry. apply existsb_exists.
      exists Otherwise. eauto using nth_error_In.
    - rewrite Ly. destruct Lz as [[_ H]|[-> _]]; [contradiction|].
      replace (existsb _ _) with true; [lra|]. symmetry. apply existsb_exists.
      exists Otherwise. eauto using nth_error_In.
    - contradiction.
  Qed.
End PlanWorks.

(** * The exact plan *)

Section ExactPlan.
  Variables (T : task) (u : reading).

  (** One detector a template: its own intervals, the feature's whole gap. *)
  Definition exact_detector (n : nat) (f : feature) (t : template) : detector :=
    Detector n (rows f) (columns f) (fun c i j => read u (low t c i j)) (fun c i j => read u (high t c i j))
             (scale u * gap f).

  Definition exact_detectors : list detector :=
    flat_map (fun q => map (exact_detector (fst q) (snd q)) (templates (snd q))) (enumerate (features T)).

  (** Both thresholds of every pixel of every template. *)
  Definition all_bounds : list threshold :=
    flat_map (fun d =>
      flat_map (fun c => flat_map (fun i => flat_map (fun j => [bound d c true i j; bound d c false i j])
                                                     (ints (seen_columns d)))
                                  (ints (seen_rows d)))
               (seq 0 (channels T)))
      exact_detectors.

  (** Those that some pixel can pass, each once. *)
  Definition exact_thresholds : list threshold :=
    nodup threshold_eq_dec (filter (fun t => if active_dec T u t then true else false) all_bounds).

  Definition largest (sizes : list Z) : Z := fold_right Z.max 1%Z sizes.

  Definition exact_plan : plan :=
    Plan u exact_thresholds exact_detectors (largest (map rows (features T))) (largest (map columns (features T))).

  Lemma largest_ge l : (1 <= largest l)%Z /\ forall n, In n l -> (n <= largest l)%Z.
  Proof.
    induction l as [|a l [IH IH']]; [split; [cbn; lia|intros n []]|].
    change (largest (a :: l)) with (Z.max a (largest l)). split; [lia|]. intros n [<-|H]; [lia|].
    specialize (IH' n H). lia.
  Qed.

  Lemma in_exact_detectors d :
    In d exact_detectors <-> exists n f t, numbered T n f /\ In t (templates f) /\ d = exact_detector n f t.
  Proof.
    unfold exact_detectors. rewrite in_flat_map. split.
    - intros ([n f] & Hn%in_enumerate & H). cbn [fst snd] in H. apply in_map_iff in H.
      destruct H as (t & <- & Ht). exists n, f, t. auto.
    - intros (n & f & t & Hn & Ht & ->). exists (n, f). split; [now apply in_enumerate|]. now apply in_map.
  Qed.

  Hypothesis T_ok : well_formed T.
  Hypothesis u_ok : 0 < scale u.

  Lemma exact_detector_right n f t : numbered T n f -> In t (templates f) -> detects T u (exact_detector n f t) f t.
  Proof.
    intros Hn Ht. assert (Hg : 0 < gap f) by (apply (feature_fine T T_ok n f Hn)).
    split; [reflexivity|]. split; [reflexivity|]. cbn [exact_detector spread least most].
    split; [nra|]. split; [intros; lra|].
    enough (E : patch_sum (channels T) (rows f) (columns f)
                  (fun c i j => Rmax (read u (high t c i j) - read u (high t c i j))
                                     (read u (low t c i j) - read u (low t c i j))) = 0) by lra.
    unfold patch_sum. apply sum_0; intros c _. apply sum_0; intros i _. apply sum_0; intros j _.
    rewrite Rmax_left; lra.
  Qed.

  Lemma in_all_bounds d c side i j :
    In d exact_detectors -> place (channels T) (seen_rows d) (seen_columns d) c i j ->
      In (bound d c side i j) all_bounds.
  Proof.
    intros Hd (Hc & Hi & Hj). unfold all_bounds.
    apply in_flat_map. exists d. split; [assumption|].
    apply in_flat_map. exists c. split; [apply in_seq; lia|].
    apply in_flat_map. exists i. split; [now apply in_ints|].
    apply in_flat_map. exists j. split; [now apply in_ints|].
    destruct side; simpl; auto.
  Qed.

  Lemma all_bounds_channel t : In t all_bounds -> (channel t < channels T)%nat.
  Proof.
    unfold all_bounds. intros (d & _ & H)%in_flat_map. apply in_flat_map in H.
    destruct H as (c & Hc%in_seq & H). apply in_flat_map in H. destruct H as (i & _ & H).
    apply in_flat_map in H. destruct H as (j & _ & [<-|[<-|[]]]); simpl; lia.
  Qed.

  Lemma exact_plan_fits : fits T exact_plan.
  Proof.
    constructor; cbn [exact_plan unit thresholds detectors tallest widest].
    - assumption.
    - apply NoDup_nodup.
    - intros t Ht. apply nodup_In, filter_In in Ht. now apply all_bounds_channel.
    - intros d c side i j Hd Hp Ha. apply nodup_In, filter_In. split; [now apply in_all_bounds|].
      destruct (active_dec T u (bound d c side i j)); [reflexivity|contradiction].
    - destruct (largest_ge (map rows (features T))) as [Hr Hr'].
      destruct (largest_ge (map columns (features T))) as [Hc Hc'].
      split; [assumption|]. split; [assumption|]. intros d Hd. apply in_exact_detectors in Hd.
      destruct Hd as (n & f & t & Hn%nth_error_In & _ & ->). cbn [exact_detector seen_rows seen_columns].
      split; [apply Hr'|apply Hc']; now apply in_map.
    - intros d Hd. apply in_exact_detectors in Hd. destruct Hd as (n & f & t & Hn & Ht & ->).
      exists f, t. split; [assumption|]. split; [assumption|]. now apply exact_detector_right.
    - intros n f t Hn Ht. exists (exact_detector n f t).
      split; [apply in_exact_detectors; eauto 6|]. split; [reflexivity|]. now apply exact_detector_right.
  Qed.
End ExactPlan.

(** * The headline theorems *)

(** The network that exactcnn builds with rational arithmetic, for images given as pixels. *)
Definition built_network (T : task) : network := build T (exact_plan T pixels).

(** For every well-formed task it has zero error on the admissible images of every size. *)
Theorem construction (T : task) : well_formed T -> zero_error T (built_network T) every_size (built_margin T).
Proof.
  intros HT. apply construction_of_plan; [assumption|]. apply exact_plan_fits; [assumption|]. simpl. lra.
Qed.

(** The same for a network that reads bytes, or any other increasing affine function of the pixels. *)
Theorem construction_read (T : task) (u : reading) :
  well_formed T -> 0 < scale u -> zero_error T (build T (exact_plan T u)) every_size (built_margin T).
Proof. intros HT Hu. apply construction_of_plan; [assumption|]. now apply exact_plan_fits. Qed.

(** The paper's theorem: tasks whose objects are present exactly when their features are can be solved by convolutional
    networks with zero error. The largest logit is that of the image's label, on every admissible image. *)
Theorem convolutional_networks_have_zero_error (T : task) :
  well_formed T ->
  exists N : network, forall x y, admissible T x -> labelled T x y ->
    defined N x /\ forall z, (z < length (classes T))%nat -> z <> y -> logit N x z < logit N x y.
Proof.
  intros HT. exists (built_network T). intros x y Hx Hy.
  destruct (construction T HT x y Hx Hy I) as [Hdef H]. split; [assumption|].
  intros z Hz Hzy. specialize (H z Hz Hzy). unfold built_margin in H. destruct (existsb _ _); lra.
Qed.
