(** The stem of the construction (THEOREM.md, section 2, [exactcnn/network/construct.py], [thresholds.py]).

    First layer: one channel a threshold, max(0, x - v) or max(0, v - x), and the constant channel 1. Second layer: one
    channel a detector, max(0, 1 - excess'/g' - number of the window's pixels outside the image). Thresholds may be
    relaxed outwards, and the network may read bytes: [detects] says what has to be left of the gap. *)

From Coq Require Import Reals ZArith List Lra Lia Bool.
From ExactCNN Require Import Sums Images Tasks Networks.
Import ListNotations.
Open Scope R_scope.

(** * Thresholds and detectors *)

(** A channel of the first layer: max(0, x - value) if [above], else max(0, value - x), in the network's unit. *)
Record threshold := Threshold { channel : nat; above : bool; value : R }.

(** A channel of the second layer: the number of its feature, its window, its box and its gap in the network's unit. *)
Record detector := Detector {
  owner : nat;
  seen_rows : Z; seen_columns : Z;
  least : patch; most : patch;
  spread : R
}.

Definition threshold_eq_dec (a b : threshold) : {a = b} + {a <> b}.
Proof. repeat decide equality. apply Req_EM_T. Defined.

(** How far a pixel that reads [v] is past the threshold. *)
Definition past (t : threshold) (v : R) : R := relu (if above t then v - value t else value t - v).

(** The threshold that a detector has on one side of one pixel. *)
Definition bound (d : detector) (c : nat) (side : bool) (i j : Z) : threshold :=
  Threshold c side (if side then most d c i j else least d c i j).

Section Stem.
  Variables (T : task) (u : reading).

  (** A threshold at an end of the pixel range can't be passed, and gets no channel. *)
  Definition active (t : threshold) : Prop :=
    if above t then value t < read u (brightest T) else read u (darkest T) < value t.

  Definition active_dec (t : threshold) : {active t} + {~ active t}.
  Proof. unfold active. destruct (above t); apply Rlt_dec. Defined.

  (** The detector [d] is right for the template [t] of the feature [f]: its box holds the template's, and what the
      larger box takes away from the excess, with the detector's own gap, is at most the feature's gap. *)
  Definition detects (d : detector) (f : feature) (t : template) : Prop :=
    seen_rows d = rows f /\ seen_columns d = columns f /\ 0 < spread d /\
    (forall c i j, place (channels T) (rows f) (columns f) c i j ->
                   least d c i j <= read u (low t c i j) /\ read u (high t c i j) <= most d c i j) /\
    spread d + patch_sum (channels T) (rows f) (columns f)
                 (fun c i j => Rmax (most d c i j - read u (high t c i j)) (read u (low t c i j) - least d c i j))
    <= scale u * gap f.

  (** * The two layers *)

  Variables (thresholds : list threshold) (detectors : list detector) (tallest widest : Z).

  Definition sign (t : threshold) : R := if above t then 1 else -1.

  (** Numbers from [length thresholds] on are the constant channel. *)
  Definition threshold_weight (k c : nat) (i j : Z) : R :=
    match nth_error thresholds k with
    | Some t => if (c =? channel t)%nat then sign t else 0
    | None => 0
    end.

  Definition threshold_bias (k : nat) : R :=
    match nth_error thresholds k with
    | Some t => - (sign t * value t)
    | None => 1
    end.

  Definition threshold_layer : layer := Conv (channels T) (Geometry 1 1 1 1 0 0 0 0) threshold_weight threshold_bias.

  Definition covers (d : detector) (i j : Z) : bool := ((i <? seen_rows d) && (j <? seen_columns d))%Z.

  (** What detector [d] takes of threshold [t] at place (i, j) of its window. *)
  Definition tap (d : detector) (t : threshold) (i j : Z) : R :=
    if threshold_eq_dec t (bound d (channel t) (above t) i j)
    then (if active_dec t then - / spread d else 0) else 0.

  Definition detector_weight (n k : nat) (i j : Z) : R :=
    match nth_error detectors n with
    | Some d => if covers d i j
                then match nth_error thresholds k with Some t => tap d t i j | None => 1 end
                else 0
    | None => 0
    end.

  Definition detector_bias (n : nat) : R :=
    match nth_error detectors n with
    | Some d => 1 - IZR (seen_rows d * seen_columns d)
    | None => 0
    end.

  Definition detector_layer : layer :=
    Conv (S (length thresholds)) (Geometry tallest widest 1 1 0 0 (tallest - 1) (widest - 1))
         detector_weight detector_bias.

  Definition built_stem : list layer := [threshold_layer; Relu; detector_layer; Relu].

  (** What the two layers compute of an image. *)
  Definition responses (x : image) : image := apply Relu (apply threshold_layer (read_image u x)).

  Definition detections (x : image) : image := apply Relu (apply detector_layer (responses x)).

  (** * What is asked of the lists *)

  Hypothesis unit_positive : 0 < scale u.
  Hypothesis thresholds_distinct : NoDup thresholds.
  Hypothesis thresholds_of_channels : forall t, In t thresholds -> (channel t < channels T)%nat.
  Hypothesis thresholds_complete : forall d c side i j,
    In d detectors -> place (channels T) (seen_rows d) (seen_columns d) c i j ->
    active (bound d c side i j) -> In (bound d c side i j) thresholds.
  Hypothesis sizes : forall d, In d detectors ->
    (1 <= seen_rows d <= tallest)%Z /\ (1 <= seen_columns d <= widest)%Z.
  Hypothesis window_size : (1 <= tallest)%Z /\ (1 <= widest)%Z.

  Variable x : image.
  Hypothesis image_ok : is_image T x.

  (** * The first layer *)

  Lemma extent_same n : extent n 1 1 0 0 = n.
  Proof. unfold extent. rewrite Z.div_1_r. lia. Qed.

  Lemma extent_padded n k : extent n k 1 0 (k - 1) = n.
  Proof. unfold extent. rewrite Z.div_1_r. lia. Qed.

  Lemma responses_height : height (responses x) = height x.
  Proof. apply extent_same. Qed.

  Lemma responses_width : width (responses x) = width x.
  Proof. apply extent_same. Qed.

  Lemma detections_height : height (detections x) = height x.
  Proof. unfold detections. cbn. rewrite !extent_same. apply extent_padded. Qed.

  Lemma detections_width : width (detections x) = width x.
  Proof. unfold detections. cbn. rewrite !extent_same. apply extent_padded. Qed.

  Lemma insideb_responses i j : insideb (responses x) i j = insideb x i j.
  Proof. unfold insideb. now rewrite responses_height, responses_width. Qed.

  (** A 1 x 1 convolution adds up the channels of one pixel. *)
  Lemma responses_pixel k i j :
    inside x i j ->
    pixel (responses x) k i j
    = relu (sum (seq 0 (channels T)) (fun c => threshold_weight k c 0 0 * read u (pixel x c i j)) + threshold_bias k).
  Proof.
    intros Hin. unfold responses, threshold_layer, apply, convolution, slide. cbn [pixel].
    f_equal. f_equal. rewrite patch_sum_channels_last. cbn [kernel_rows kernel_columns down right top left].
    change (ints 1) with [0%Z]. cbn [sum]. rewrite !Rplus_0_r. apply sum_ext; intros c _. f_equal.
    replace (i * 1 - 0 + 0)%Z with i by lia. replace (j * 1 - 0 + 0)%Z with j by lia.
    unfold padded. replace (insideb (read_image u x) i j) with true; [reflexivity|].
    symmetry. now destruct (insideb_spec (read_image u x) i j).
  Qed.

  Lemma threshold_response k t i j :
    inside x i j -> nth_error thresholds k = Some t ->
    pixel (responses x) k i j = past t (read u (pixel x (channel t) i j)).
  Proof.
    intros Hin Hk. rewrite responses_pixel by assumption. unfold threshold_weight, threshold_bias. rewrite Hk.
    unfold past. f_equal.
    rewrite (sum_ext _ _ (fun c => if Nat.eq_dec c (channel t) then sign t * read u (pixel x c i j) else 0)).
    - rewrite (sum_single Nat.eq_dec _ (fun c => sign t * read u (pixel x c i j))).
      + unfold sign. destruct (above t); lra.
      + apply seq_NoDup.
      + apply in_seq. assert (H := thresholds_of_channels t (nth_error_In _ _ Hk)). lia.
    - intros c _. destruct (Nat.eqb_spec c (channel t)); destruct (Nat.eq_dec c (channel t)); try congruence; lra.
  Qed.

  Lemma constant_response k i j : inside x i j -> (length thresholds <= k)%nat -> pixel (responses x) k i j = 1.
  Proof.
    intros Hin Hk%nth_error_None. rewrite responses_pixel by assumption. unfold threshold_weight, threshold_bias.
    rewrite Hk, sum_0 by (intros; lra). rewrite relu_pos; lra.
  Qed.

  (** * One pixel of one detector's window *)

  (** How far a pixel is from the detector's interval, in the network's unit. *)
  Definition distance (d : detector) (i j : Z) (c : nat) (v : R) : R :=
    relu (v - most d c i j) + relu (least d c i j - v).

  Lemma read_monotone a b : a <= b -> read u a <= read u b.
  Proof. intros H. unfold read. apply Rmult_le_compat_l; lra. Qed.

  Lemma pixel_in_range c i j :
    (c < channels T)%nat -> inside x i j ->
    read u (darkest T) <= read u (pixel x c i j) <= read u (brightest T).
  Proof.
    intros Hc Hin. destruct image_ok as (_ & _ & H). specialize (H c i j Hc Hin).
    split; apply read_monotone; apply H.
  Qed.

  (** A threshold that is not active is passed by no pixel. *)
  Lemma inactive_not_past t i j :
    (channel t < channels T)%nat -> inside x i j -> ~ active t -> past t (read u (pixel x (channel t) i j)) = 0.
  Proof.
    intros Hc Hin Ha. assert (H := pixel_in_range _ i j Hc Hin). unfold past, active in *.
    destruct (above t); apply relu_neg; lra.
  Qed.

  (** The taps at one place, added up: each threshold that the place has is found exactly once. *)
  Lemma taps_at_place d a b i j :
    In d detectors -> (0 <= a < seen_rows d)%Z -> (0 <= b < seen_columns d)%Z -> inside x i j ->
    sum thresholds (fun t => tap d t a b * past t (read u (pixel x (channel t) i j)))
    = - / spread d * sum (seq 0 (channels T)) (fun c => distance d a b c (read u (pixel x c i j))).
  Proof.
    intros Hd Ha Hb Hin.
    set (sides := list_prod (seq 0 (channels T)) [true; false]).
    set (key := fun p => bound d (fst p) (snd p) a b).
    set (term := fun p => if active_dec (key p) then - / spread d * past (key p) (read u (pixel x (fst p) i j)) else 0).
    assert (Hsides : forall p, In p sides -> (fst p < channels T)%nat).
    { intros [c side] H. apply in_prod_iff in H. destruct H as [H%in_seq _]. simpl. lia. }
    transitivity (sum thresholds (fun t => sum sides (fun p => if threshold_eq_dec t (key p) then term p else 0))).
    { apply sum_ext; intros t Ht. unfold tap.
      destruct (threshold_eq_dec t (bound d (channel t) (above t) a b)) as [E|E].
      - transitivity (term (channel t, above t)).
        + unfold term, key. cbn [fst snd]. rewrite <- E. destruct (active_dec t); lra.
        + symmetry.
          assert (eq_dec : forall p q : nat * bool, {p = q} + {p <> q}) by repeat decide equality.
          rewrite <- (sum_single eq_dec sides term (channel t, above t)).
          * apply sum_ext; intros p _. destruct (eq_dec p (channel t, above t)) as [->|N].
            -- unfold key. cbn [fst snd]. destruct (threshold_eq_dec t _); congruence.
            -- destruct (threshold_eq_dec t (key p)) as [E'|]; [|reflexivity].
               exfalso. apply N. destruct p as [c side]. rewrite E'. reflexivity.
          * apply NoDup_prod; [apply seq_NoDup|]. repeat constructor; simpl; intuition congruence.
          * apply in_prod; [apply in_seq|destruct (above t); simpl; tauto].
            specialize (thresholds_of_channels t Ht). lia.
      - rewrite Rmult_0_l. symmetry. apply sum_0. intros [c side] _.
        destruct (threshold_eq_dec t (key (c, side))) as [E'|]; [|reflexivity].
        exfalso. apply E. rewrite E'. reflexivity. }
    rewrite sum_swap.
    transitivity (sum sides (fun p => - / spread d * past (key p) (read u (pixel x (fst p) i j)))).
    { apply sum_ext; intros p Hp. unfold term.
      destruct (active_dec (key p)) as [A|A].
      - rewrite (sum_single threshold_eq_dec thresholds
                   (fun _ => - / spread d * past (key p) (read u (pixel x (fst p) i j))));
          [reflexivity|assumption|].
        apply thresholds_complete; auto. specialize (Hsides p Hp). unfold place. lia.
      - rewrite sum_0 by (intros t _; destruct (threshold_eq_dec t (key p)); reflexivity).
        assert (E : past (key p) (read u (pixel x (fst p) i j)) = 0)
          by (apply (inactive_not_past (key p)); [exact (Hsides p Hp)|assumption|assumption]).
        rewrite E. lra. }
    rewrite sum_scale. f_equal. unfold sides. rewrite sum_prod. apply sum_ext; intros c _.
    cbn [sum]. unfold distance, past, key. cbn. lra.
  Qed.

  (** What one place adds to a detector: 1 less the distance over the gap, or nothing outside the image. *)
  Definition contribution (d : detector) (r s : Z) (p : Z * Z) : R :=
    if insideb x (r + fst p) (s + snd p)
    then 1 - / spread d * sum (seq 0 (channels T)) (fun c =>
               distance d (fst p) (snd p) c (read u (pixel x c (r + fst p)%Z (s + snd p)%Z)))
    else 0.

  Lemma place_contribution n d a b r s :
    nth_error detectors n = Some d -> (0 <= a < seen_rows d)%Z -> (0 <= b < seen_columns d)%Z ->
    sum (seq 0 (S (length thresholds)))
        (fun k => detector_weight n k a b * padded (responses x) k (r + a)%Z (s + b)%Z)
    = contribution d r s (a, b).
  Proof.
    intros Hn Ha Hb. unfold contribution, padded. cbn [fst snd]. rewrite insideb_responses.
    destruct (insideb_spec x (r + a) (s + b)) as [Hin|_].
    - rewrite seq_S, sum_app. cbn [sum].
      assert (Hlast : nth_error thresholds (0 + length thresholds) = None) by (apply nth_error_None; lia).
      assert (Hcov : covers d a b = true) by (unfold covers; apply andb_true_iff; rewrite !Z.ltb_lt; lia).
      unfold detector_weight. rewrite Hn, Hcov, Hlast.
      rewrite constant_response by (assumption || lia).
      rewrite (sum_ext _ _ (fun k => (fun t => tap d t a b * past t (read u (pixel x (channel t) (r + a)%Z (s + b)%Z)))
                                     (nth k thresholds (Threshold 0 true 0)))).
      + rewrite (sum_by_number thresholds (Threshold 0 true 0)
                   (fun t => tap d t a b * past t (read u (pixel x (channel t) (r + a)%Z (s + b)%Z)))).
        rewrite taps_at_place by eauto using nth_error_In. lra.
      + intros k Hk%in_seq.
        destruct (nth_error thresholds k) as [t|] eqn:E; [|apply nth_error_None in E; lia].
        rewrite (threshold_response k t) by assumption. now rewrite (nth_error_nth _ _ _ E).
    - apply sum_0. intros. lra.
  Qed.

  (** * The whole window *)

  Definition window_places (d : detector) : list (Z * Z) := list_prod (ints (seen_rows d)) (ints (seen_columns d)).

  Lemma window_places_number d :
    In d detectors -> INR (length (window_places d)) = IZR (seen_rows d * seen_columns d).
  Proof.
    intros Hd. destruct (sizes d Hd). unfold window_places.
    rewrite prod_length, mult_INR, !ints_length, mult_IZR by lia. reflexivity.
  Qed.

  Lemma detection n d r s :
    nth_error detectors n = Some d ->
    pixel (detections x) n r s
    = relu (sum (window_places d) (contribution d r s) + 1 - IZR (seen_rows d * seen_columns d)).
  Proof.
    intros Hn. destruct (sizes d (nth_error_In _ _ Hn)) as [Hr Hc].
    unfold detections, detector_layer, apply, convolution, slide.
    cbn [pixel kernel_rows kernel_columns down right top left].
    f_equal. unfold detector_bias. rewrite Hn.
    enough (E : patch_sum (S (length thresholds)) tallest widest
                  (fun c i j => detector_weight n c i j * padded (responses x) c (r * 1 - 0 + i)%Z (s * 1 - 0 + j)%Z)
                = sum (window_places d) (contribution d r s)) by (rewrite E; lra).
    rewrite patch_sum_channels_last. unfold window_places. rewrite sum_prod.
    rewrite <- (sum_ints_restrict (seen_rows d) tallest) by lia.
    apply sum_ext; intros i Hi%in_ints.
    destruct (Z.ltb_spec i (seen_rows d)) as [Hi'|Hi'].
    - rewrite <- (sum_ints_restrict (seen_columns d) widest) by lia.
      apply sum_ext; intros j Hj%in_ints.
      destruct (Z.ltb_spec j (seen_columns d)) as [Hj'|Hj'].
      + rewrite <- (place_contribution n) by (assumption || lia).
        apply sum_ext; intros k _. do 2 f_equal; lia.
      + apply sum_0; intros k _. unfold detector_weight. rewrite Hn.
        replace (covers d i j) with false; [lra|].
        symmetry. unfold covers. apply andb_false_iff. right. apply Z.ltb_ge. lia.
    - apply sum_0; intros j _. apply sum_0; intros k _. unfold detector_weight. rewrite Hn.
      replace (covers d i j) with false; [lra|].
      symmetry. unfold covers. apply andb_false_iff. left. apply Z.ltb_ge. lia.
  Qed.

  Lemma distance_nonneg d i j c v : 0 <= distance d i j c v.
  Proof.
    assert (H := relu_nonneg (v - most d c i j)). assert (H' := relu_nonneg (least d c i j - v)).
    unfold distance. lra.
  Qed.

  Lemma contribution_le_1 d r s p : 0 < spread d -> contribution d r s p <= 1.
  Proof.
    intros Hg. unfold contribution. destruct (insideb x _ _); [|lra].
    match goal with |- 1 - _ * ?S <= 1 => assert (0 <= S) by (apply sum_nonneg; intros; apply distance_nonneg) end.
    assert (0 < / spread d) by now apply Rinv_0_lt_compat. nra.
  Qed.

  Lemma detection_nonneg n d r s : nth_error detectors n = Some d -> 0 <= pixel (detections x) n r s.
  Proof. intros Hn. rewrite (detection n d) by assumption. apply relu_nonneg. Qed.

  Lemma detection_le_1 n d r s :
    nth_error detectors n = Some d -> 0 < spread d -> pixel (detections x) n r s <= 1.
  Proof.
    intros Hn Hg. rewrite (detection n d) by assumption.
    assert (Hd := nth_error_In _ _ Hn).
    assert (H : sum (window_places d) (contribution d r s) <= sum (window_places d) (fun _ => 1))
      by (apply sum_le; intros; now apply contribution_le_1).
    rewrite sum_const, window_places_number in H by assumption.
    destruct (relu_cases (sum (window_places d) (contribution d r s) + 1 - IZR (seen_rows d * seen_columns d))); lra.
  Qed.

  (** A window that is partly outside the image is not detected: this is what the constant channel is for. *)
  Lemma detection_outside n d r s a b :
    nth_error detectors n = Some d -> 0 < spread d ->
    (0 <= a < seen_rows d)%Z -> (0 <= b < seen_columns d)%Z -> ~ inside x (r + a) (s + b) ->
    pixel (detections x) n r s = 0.
  Proof.
    intros Hn Hg Ha Hb Hout. rewrite (detection n d) by assumption. apply relu_neg.
    assert (Hd := nth_error_In _ _ Hn).
    assert (H : sum (window_places d) (contribution d r s) <= INR (length (window_places d)) * 1 - 1 + 0).
    { apply (sum_le_one_less _ _ _ _ (a, b)).
      - apply in_prod; apply in_ints; assumption.
      - intros; now apply contribution_le_1.
      - unfold contribution. cbn [fst snd]. destruct (insideb_spec x (r + a) (s + b)); [contradiction|lra]. }
    rewrite window_places_number in H by assumption. lra.
  Qed.

  (** The excess over the relaxed box, in the network's unit. *)
  Definition relaxed_excess (d : detector) (r s : Z) : R :=
    patch_sum (channels T) (seen_rows d) (seen_columns d)
      (fun c i j => distance d i j c (read u (pixel x c (r + i)%Z (s + j)%Z))).

  Lemma detection_inside n d r s :
    nth_error detectors n = Some d ->
    (0 <= r)%Z -> (r + seen_rows d <= height x)%Z -> (0 <= s)%Z -> (s + seen_columns d <= width x)%Z ->
    pixel (detections x) n r s = relu (1 - / spread d * relaxed_excess d r s).
  Proof.
    intros Hn Hr Hr' Hs Hs'. rewrite (detection n d) by assumption. f_equal.
    assert (Hd := nth_error_In _ _ Hn).
    rewrite (sum_ext _ _ (fun p => 1 - / spread d * sum (seq 0 (channels T)) (fun c =>
               distance d (fst p) (snd p) c (read u (pixel x c (r + fst p)%Z (s + snd p)%Z))))).
    - rewrite sum_minus, sum_const, window_places_number, sum_scale by assumption.
      unfold relaxed_excess. rewrite patch_sum_channels_last. unfold window_places. rewrite sum_prod. cbn [fst snd].
      lra.
    - intros [a b] Hp. apply in_prod_iff in Hp. rewrite !in_ints in Hp.
      unfold contribution. cbn [fst snd].
      destruct (insideb_spec x (r + a) (s + b)) as [|N]; [reflexivity|].
      exfalso. apply N. unfold inside. lia.
  Qed.

  (** * Relaxed and exact excess *)

  (** Moving the ends of an interval outwards costs a pixel at most the larger of the two moves: it is above or below,
      not both. [k] is the unit's scale. *)
  Lemma distance_relaxed k v lo hi lo' hi' o :
    0 < k -> lo <= hi -> lo' <= k * (lo - o) -> k * (hi - o) <= hi' ->
    let e := relu (v - hi) + relu (lo - v) in
    let e' := relu (k * (v - o) - hi') + relu (lo' - k * (v - o)) in
    e' <= k * e /\ k * e <= e' + Rmax (hi' - k * (hi - o)) (k * (lo - o) - lo').
  Proof.
    intros Hk Hle Hlo Hhi e e'. subst e e'.
    set (a := hi' - k * (hi - o)). set (b := k * (lo - o) - lo').
    assert (Ha : 0 <= a) by (subst a; lra). assert (Hb : 0 <= b) by (subst b; lra).
    assert (a <= Rmax a b) by apply Rmax_l. assert (b <= Rmax a b) by apply Rmax_r.
    replace (k * (v - o) - hi') with (k * (v - hi) - a) by (subst a; ring).
    replace (lo' - k * (v - o)) with (k * (lo - v) - b) by (subst b; ring).
    destruct (relu_cases (v - hi)) as [[? ->]|[? ->]]; destruct (relu_cases (lo - v)) as [[? ->]|[? ->]];
      destruct (relu_cases (k * (v - hi) - a)) as [[? ->]|[? ->]];
      destruct (relu_cases (k * (lo - v) - b)) as [[? ->]|[? ->]]; split; nra.
  Qed.

  Lemma relaxed_excess_nonneg d r s : 0 <= relaxed_excess d r s.
  Proof. apply patch_sum_nonneg; intros; apply distance_nonneg. Qed.

  Section OneTemplate.
    Variables (d : detector) (f : feature) (t : template).
    Hypothesis right_detector : detects d f t.
    Hypothesis template_fine : template_ok T f t.

    Lemma relaxed_excess_le r s : relaxed_excess d r s <= scale u * excess T f t (window x r s).
    Proof.
      destruct right_detector as (Er & Ec & _ & Hbox & _). unfold relaxed_excess, excess. rewrite Er, Ec.
      rewrite <- patch_sum_scale. apply patch_sum_le. intros c i j Hp.
      destruct (Hbox c i j Hp). destruct (template_fine c i j Hp) as (_ & Hle & _).
      now apply distance_relaxed.
    Qed.

    Lemma relaxed_excess_ge r s :
      scale u * (excess T f t (window x r s) - gap f) + spread d <= relaxed_excess d r s.
    Proof.
      destruct right_detector as (Er & Ec & _ & Hbox & Hgap).
      enough (scale u * excess T f t (window x r s)
              <= relaxed_excess d r s
                 + patch_sum (channels T) (rows f) (columns f)
                     (fun c i j => Rmax (most d c i j - read u (high t c i j)) (read u (low t c i j) - least d c i j)))
        by lra.
      unfold relaxed_excess, excess. rewrite Er, Ec.
      rewrite <- patch_sum_scale, <- patch_sum_plus. apply patch_sum_le. intros c i j Hp.
      destruct (Hbox c i j Hp). destruct (template_fine c i j Hp) as (_ & Hle & _).
      now apply (distance_relaxed (scale u) (pixel x c (r + i)%Z (s + j)%Z) (low t c i j) (high t c i j)).
    Qed.
  End OneTemplate.

  (** * What is detected *)

  Lemma detected n d f t r s :
    nth_error detectors n = Some d -> detects d f t -> template_ok T f t ->
    window_fits f x r s -> excess T f t (window x r s) = 0 -> pixel (detections x) n r s = 1.
  Proof.
    intros Hn Hdet Hok Hfit H0. destruct Hdet as (Er & Ec & Hg & Hrest).
    unfold window_fits in Hfit. rewrite (detection_inside n d) by (rewrite ?Er, ?Ec; tauto || lia).
    assert (H := relaxed_excess_le d f t (conj Er (conj Ec (conj Hg Hrest))) Hok r s).
    assert (H' := relaxed_excess_nonneg d r s). rewrite H0, Rmult_0_r in H.
    replace (relaxed_excess d r s) with 0 by lra. rewrite relu_pos; lra.
  Qed.

  Lemma not_detected n d f t r s :
    nth_error detectors n = Some d -> detects d f t -> template_ok T f t ->
    inside x r s -> (window_fits f x r s -> gap f <= excess T f t (window x r s)) ->
    pixel (detections x) n r s = 0.
  Proof.
    intros Hn Hdet Hok Hin Hclear. destruct (sizes d (nth_error_In _ _ Hn)) as [Hr Hc].
    assert (Hdet' := Hdet). destruct Hdet as (Er & Ec & Hg & _). unfold inside in Hin.
    destruct (Z_le_gt_dec (r + seen_rows d) (height x)) as [Hr'|Hr'].
    2: { apply (detection_outside n d r s (seen_rows d - 1) 0); auto; try lia. unfold inside. lia. }
    destruct (Z_le_gt_dec (s + seen_columns d) (width x)) as [Hc'|Hc'].
    2: { apply (detection_outside n d r s 0 (seen_columns d - 1)); auto; try lia. unfold inside. lia. }
    rewrite (detection_inside n d) by (assumption || lia). apply relu_neg.
    assert (H := relaxed_excess_ge d f t Hdet' Hok r s).
    assert (gap f <= excess T f t (window x r s)) by (apply Hclear; unfold window_fits; lia).
    assert (Hle : spread d <= relaxed_excess d r s) by nra.
    assert (Hi : 0 < / spread d) by now apply Rinv_0_lt_compat.
    apply (Rmult_le_compat_l (/ spread d)) in Hle; [|lra]. rewrite Rinv_l in Hle by lra. lra.
  Qed.

  (** * The global maximum *)

  Definition peak (n : nat) : R := pooled GlobalMax (detections x) n.

  Lemma detections_positions : positions (detections x) = positions x.
  Proof. unfold positions. now rewrite detections_height, detections_width. Qed.

  Lemma peak_at n : exists r s, inside x r s /\ peak n = pixel (detections x) n r s.
  Proof.
    unfold peak, pooled. rewrite detections_positions.
    set (values := map _ _). assert (Hne : values <> []).
    { destruct image_ok as (Hh & Hw & _).
      assert (H : In (0%Z, 0%Z) (positions x)) by (apply in_positions; unfold inside; lia).
      apply (in_map (fun p => pixel (detections x) n (fst p) (snd p))) in H. fold values in H.
      intros E. rewrite E in H. destruct H. }
    assert (H := maximum_in values Hne). apply in_map_iff in H. destruct H as ([r s] & E & Hp%in_positions).
    exists r, s. split; [assumption|]. symmetry. exact E.
  Qed.

  Lemma peak_ge n r s : inside x r s -> pixel (detections x) n r s <= peak n.
  Proof.
    intros Hin. apply maximum_ge. rewrite detections_positions.
    apply (in_map_iff (fun p => pixel (detections x) n (fst p) (snd p))). exists (r, s).
    split; [reflexivity|]. now apply in_positions.
  Qed.

  Lemma peak_nonneg n d : nth_error detectors n = Some d -> 0 <= peak n.
  Proof. intros Hn. destruct (peak_at n) as (r & s & _ & ->). eauto using detection_nonneg. Qed.

  Lemma peak_exhibited n d f t r s :
    nth_error detectors n = Some d -> detects d f t -> template_ok T f t ->
    window_fits f x r s -> excess T f t (window x r s) = 0 -> peak n = 1.
  Proof.
    intros Hn Hdet Hok Hfit H0. apply Rle_antisym.
    - destruct (peak_at n) as (r' & s' & _ & ->). apply (detection_le_1 n d); [assumption|apply Hdet].
    - rewrite <- (detected n d f t r s) by assumption. apply peak_ge.
      destruct (sizes d (nth_error_In _ _ Hn)) as [Hr Hc]. destruct Hdet as (Er & Ec & _).
      unfold window_fits, inside in *. lia.
  Qed.

  Lemma peak_avoided n d f t :
    nth_error detectors n = Some d -> detects d f t -> template_ok T f t ->
    In t (templates f) -> avoids T x f -> peak n = 0.
  Proof.
    intros Hn Hdet Hok Ht Hav. destruct (peak_at n) as (r & s & Hin & ->).
    apply (not_detected n d f t); auto. intros Hfit. exact (Hav r s Hfit t Ht).
  Qed.
End Stem.
