(** Border kinds: the geometry of a stem along one axis (FORMAT.md, "Border kinds";
    [exactcnn/theorem/geometry.py], class [Axis] of the kernel). Integers only.

    A stem's layers with windows are its levels, the one next to the image first. Position i of the stem needs, of each
    level, a range of places; of it only the part that exists, its clip, is seen. The list of clips is the position's
    signature. The theorem of this file: as lengths grow by the stem's step, nothing new is seen. *)

From Coq Require Import ZArith List Lia Bool.
Import ListNotations.
Open Scope Z_scope.

(** * Levels, ranges, signatures *)

(** One layer along one axis: its window, its step, the padding before and after. *)
Record level := Level { kernel : Z; stride : Z; before : Z; after : Z }.

Definition level_ok (l : level) : Prop := 1 <= kernel l /\ 1 <= stride l /\ 0 <= before l /\ 0 <= after l.

(** How many positions the layer has over a length [n]. *)
Definition above (l : level) (n : Z) : Z := (n + before l + after l - kernel l) / stride l + 1.

(** Where the range that position [i] needs starts, how long it is, and how far it moves with each position. *)
Fixpoint start (levels : list level) (i : Z) : Z :=
  match levels with
  | [] => i
  | l :: levels => start levels i * stride l - before l
  end.

Fixpoint field (levels : list level) : Z :=
  match levels with
  | [] => 1
  | l :: levels => (field levels - 1) * stride l + kernel l
  end.

Fixpoint step (levels : list level) : Z :=
  match levels with
  | [] => 1
  | l :: levels => step levels * stride l
  end.

(** The number of positions of the whole stem over a length [n], if it is defined there. *)
Fixpoint positions (levels : list level) (n : Z) : Z :=
  match levels with
  | [] => n
  | l :: levels => positions levels (above l n)
  end.

Fixpoint defined_at (levels : list level) (n : Z) : bool :=
  (1 <=? n) && match levels with [] => true | l :: levels => defined_at levels (above l n) end.

(** The part of the range [b, b + len) that lies in [0, n), relative to [b]; (0, 0) if there is none. *)
Definition clip (b len n : Z) : Z * Z :=
  let first := Z.max 0 (- b) in
  let last := Z.min len (n - b) in
  if first <? last then (first, last) else (0, 0).

Definition signature_t := list (Z * Z).

Fixpoint signature (levels : list level) (n i : Z) : signature_t :=
  match levels with
  | [] => []
  | l :: above_l => clip (start levels i) (field levels) n :: signature above_l (above l n) i
  end.

(** What a clip says. *)
Lemma clip_spec b len n r :
  0 <= r < len -> (fst (clip b len n) <= r < snd (clip b len n) <-> 0 <= b + r < n).
Proof.
  intros Hr. unfold clip. destruct (Z.ltb_spec (Z.max 0 (- b)) (Z.min len (n - b))); simpl; lia.
Qed.

Lemma step_pos levels : Forall level_ok levels -> 1 <= step levels.
Proof. induction 1 as [|l ls (_ & H & _) _ IH]; cbn [step]; [lia|nia]. Qed.

Lemma field_pos levels : Forall level_ok levels -> 1 <= field levels.
Proof. induction 1 as [|l ls (H & H' & _) _ IH]; cbn [field]; [lia|nia]. Qed.

Lemma start_next levels i m : start levels (i + m) = start levels i + m * step levels.
Proof. induction levels as [|l ls IH]; simpl; [lia|]. rewrite IH. lia. Qed.

Lemma above_next l n m : 1 <= stride l -> above l (n + m * stride l) = above l n + m.
Proof.
  intros H. unfold above.
  replace (n + m * stride l + before l + after l - kernel l) with (n + before l + after l - kernel l + m * stride l)
    by lia.
  rewrite Z.div_add by lia. lia.
Qed.

(** One step more of length is one position more. *)
Lemma positions_next levels : Forall level_ok levels -> forall n,
  positions levels (n + step levels) = positions levels n + 1.
Proof.
  induction 1 as [|l ls (_ & Hs & _) _ IH]; intros n; simpl; [lia|].
  rewrite above_next by assumption. apply IH.
Qed.

Lemma defined_at_next levels : Forall level_ok levels -> forall n,
  defined_at levels n = true -> defined_at levels (n + step levels) = true.
Proof.
  induction 1 as [|l ls Hl Hls IH]; intros n; simpl; rewrite !andb_true_iff, !Z.leb_le.
  - lia.
  - destruct Hl as (_ & Hs & _). assert (H := step_pos ls Hls). intros [Hn Hd].
    rewrite above_next by assumption. split; [nia|]. now apply IH.
Qed.

(** * Positions that are clipped at no end, or at no start *)

(** All ranges of the position end inside their levels, and there is such a position. *)
Fixpoint ends_inside (levels : list level) (n i : Z) : Prop :=
  start levels i + field levels <= n /\
  match levels with [] => True | l :: above_l => ends_inside above_l (above l n) i end.

Fixpoint starts_inside (levels : list level) (i : Z) : Prop :=
  0 <= start levels i /\ match levels with [] => True | _ :: above_l => starts_inside above_l i end.

Lemma ends_inside_image levels n i : ends_inside levels n i -> start levels i + field levels <= n.
Proof. destruct levels; intros [H _]; exact H. Qed.

Lemma starts_inside_image levels i : starts_inside levels i -> 0 <= start levels i.
Proof. destruct levels; intros [H _]; exact H. Qed.

(** A position clipped at no end looks the same where the image is longer. *)
Lemma signature_ends levels : Forall level_ok levels -> forall n i,
  ends_inside levels n i -> signature levels (n + step levels) i = signature levels n i.
Proof.
  induction 1 as [|l ls Hl Hls IH]; intros n i Hends; [reflexivity|].
  assert (Hok : Forall level_ok (l :: ls)) by now constructor.
  cbn [signature]. destruct Hl as (_ & Hs & _). cbn [ends_inside] in Hends. destruct Hends as [He Hends].
  f_equal.
  - assert (H := step_pos _ Hok). unfold clip.
    rewrite !Z.min_l by lia. reflexivity.
  - cbn [step]. rewrite above_next by assumption. now apply IH.
Qed.

(** A position clipped at no start looks like the next one of an image one step longer. *)
Lemma signature_starts levels : Forall level_ok levels -> forall n i,
  starts_inside levels i -> signature levels (n + step levels) (i + 1) = signature levels n i.
Proof.
  induction 1 as [|l ls Hl Hls IH]; intros n i Hstarts; [reflexivity|].
  assert (Hok : Forall level_ok (l :: ls)) by now constructor.
  cbn [signature]. destruct Hl as (_ & Hs & _). cbn [starts_inside] in Hstarts. destruct Hstarts as [H0 Hstarts].
  f_equal.
  - assert (H := step_pos _ Hok). rewrite start_next. unfold clip. rewrite !Z.max_l by lia.
    replace (n + step (l :: ls) - (start (l :: ls) i + 1 * step (l :: ls))) with (n - start (l :: ls) i) by lia.
    reflexivity.
  - cbn [step]. rewrite above_next by assumption. now apply IH.
Qed.

(** How many positions have all ranges end inside: position i does just if i < [unclipped]. *)
Definition ending (levels : list level) (n : Z) : Z := (n - start levels 0 - field levels) / step levels + 1.

Fixpoint unclipped (levels : list level) (n : Z) : Z :=
  match levels with
  | [] => ending [] n
  | l :: above_l => Z.min (ending levels n) (unclipped above_l (above l n))
  end.

Lemma ending_spec levels n i : Forall level_ok levels -> (i < ending levels n <-> start levels i + field levels <= n).
Proof.
  intros Hok. assert (H := step_pos levels Hok). unfold ending.
  replace i with (0 + i) at 2 by lia. rewrite start_next.
  assert (Hd := Z.div_mod (n - start levels 0 - field levels) (step levels) ltac:(lia)).
  assert (Hm := Z.mod_pos_bound (n - start levels 0 - field levels) (step levels) ltac:(lia)).
  nia.
Qed.

Lemma unclipped_spec levels : Forall level_ok levels -> forall n i, i < unclipped levels n <-> ends_inside levels n i.
Proof.
  induction 1 as [|l ls Hl Hls IH]; intros n i.
  - assert (H := ending_spec [] n i (Forall_nil _)). cbn [unclipped ends_inside]. tauto.
  - assert (H := ending_spec (l :: ls) n i (Forall_cons _ Hl Hls)).
    cbn [unclipped]. cbn [ends_inside]. rewrite <- IH, <- H. lia.
Qed.

Lemma unclipped_next levels : Forall level_ok levels -> forall n,
  unclipped levels (n + step levels) = unclipped levels n + 1.
Proof.
  assert (E : forall ls n, Forall level_ok ls -> ending ls (n + step ls) = ending ls n + 1).
  { intros ls n Hok. assert (H := step_pos ls Hok). unfold ending.
    replace (n + step ls - start ls 0 - field ls) with (n - start ls 0 - field ls + 1 * step ls) by lia.
    rewrite Z.div_add by lia. lia. }
  induction 1 as [|l ls Hl Hls IH]; intros n; cbn [unclipped].
  - apply E. constructor.
  - rewrite E by now constructor. destruct Hl as (_ & Hs & _).
    cbn [step]. rewrite above_next, IH by assumption. lia.
Qed.

Lemma unclipped_positions levels n i : ends_inside levels n i -> i < positions levels n.
Proof.
  revert n. induction levels as [|l ls IH]; intros n; cbn [ends_inside positions].
  - simpl. lia.
  - intros [_ H]. now apply IH.
Qed.

(** The first position from which on all ranges start inside. *)
Fixpoint first_inside (levels : list level) : Z :=
  match levels with
  | [] => 0
  | _ :: above_l => Z.max (- (start levels 0 / step levels)) (first_inside above_l)
  end.

Lemma first_inside_nonneg levels : 0 <= first_inside levels.
Proof. induction levels; cbn [first_inside]; lia. Qed.

Lemma first_inside_spec levels : Forall level_ok levels -> forall i, first_inside levels <= i -> starts_inside levels i.
Proof.
  induction 1 as [|l ls Hl Hls IH]; intros i Hi; cbn [first_inside starts_inside] in *.
  - simpl. lia.
  - split; [|apply IH; lia].
    assert (Hok : Forall level_ok (l :: ls)) by now constructor.
    assert (H := step_pos _ Hok).
    replace i with (0 + i) by lia. rewrite start_next.
    assert (Hd := Z.div_mod (start (l :: ls) 0) (step (l :: ls)) ltac:(lia)).
    assert (Hm := Z.mod_pos_bound (start (l :: ls) 0) (step (l :: ls)) ltac:(lia)).
    nia.
Qed.

(** * How a window is seen *)

(** The positions whose field holds the window of [size] places from [w] on. *)
Definition sees (levels : list level) (n w size i : Z) : Prop :=
  0 <= i < positions levels n /\ start levels i <= w /\ w + size <= start levels i + field levels.

(** The window's offset in the position's field, and the position's signature. *)
Definition sight_t : Type := Z * signature_t.

Definition sight (levels : list level) (n w i : Z) : sight_t := (w - start levels i, signature levels n i).

(** The positions from [first] on, [number] of them. *)
Definition span (first number : Z) : list Z := map (fun k => first + Z.of_nat k) (seq 0 (Z.to_nat number)).

Lemma in_span a m i : In i (span a m) <-> a <= i < a + m.
Proof.
  unfold span. rewrite in_map_iff. split.
  - intros (k & <- & H%in_seq). lia.
  - intros H. exists (Z.to_nat (i - a)). split; [lia|]. apply in_seq. lia.
Qed.

Lemma span_shift a m : map (fun i => i + 1) (span a m) = span (a + 1) m.
Proof. unfold span. rewrite map_map. apply map_ext. intros k. lia. Qed.

(** The first and the last position that see the window: start i <= w and w + size <= start i + field. *)
Definition first_seeing (levels : list level) (w size : Z) : Z :=
  - ((start levels 0 + field levels - w - size) / step levels).

Definition last_seeing (levels : list level) (w : Z) : Z := (w - start levels 0) / step levels.

(** All that see it, ascending. *)
Definition seeing (levels : list level) (n w size : Z) : list Z :=
  let first := Z.max 0 (first_seeing levels w size) in
  let last := Z.min (last_seeing levels w) (positions levels n - 1) in
  span first (last - first + 1).

Definition sights (levels : list level) (n w size : Z) : list sight_t :=
  map (sight levels n w) (seeing levels n w size).

Lemma in_seeing levels n w size i : Forall level_ok levels ->
  (In i (seeing levels n w size) <-> sees levels n w size i).
Proof.
  intros Hok. assert (H := step_pos levels Hok). unfold seeing, sees, first_seeing, last_seeing. rewrite in_span.
  replace (start levels i) with (start levels 0 + i * step levels) by (rewrite <- start_next; f_equal; lia).
  set (s := step levels) in *. set (a := start levels 0 + field levels - w - size). set (b := w - start levels 0).
  assert (Ha := Z.div_mod a s ltac:(lia)). assert (Ha' := Z.mod_pos_bound a s ltac:(lia)).
  assert (Hb := Z.div_mod b s ltac:(lia)). assert (Hb' := Z.mod_pos_bound b s ltac:(lia)).
  assert (G1 : - (a / s) <= i <-> 0 <= a + i * s) by nia.
  assert (G2 : i <= b / s <-> i * s <= b) by nia.
  subst a b. lia.
Qed.

(** * Longer images show nothing new *)

Section Growth.
  Variable levels : list level.
  Hypothesis levels_fine : Forall level_ok levels.
  Let S := step levels.

  Lemma positions_grow n : positions levels (n + S) = positions levels n + 1.
  Proof. now apply positions_next. Qed.

  (** The sizes of the windows that matter lie between these. *)
  Variables shortest longest : Z.

  (** No two positions that see one window whole are further apart. *)
  Definition apart : Z := Z.max 0 ((field levels - shortest) / S + 1).

  (** From this length on everything repeats. *)
  Definition settled (n : Z) : Prop := S + longest <= n /\ first_inside levels + apart < unclipped levels n.

  Lemma settled_next n : settled n -> settled (n + S).
  Proof.
    intros [H H']. unfold settled. unfold S at 3. rewrite unclipped_next by assumption.
    assert (G := step_pos levels levels_fine). fold S in G. lia.
  Qed.

  Lemma settled_later n k : 0 <= k -> settled n -> settled (n + k * S).
  Proof.
    intros Hk Hn. pattern k. apply natlike_ind; [now rewrite Z.add_0_r| |assumption].
    intros m _ IH. replace (n + Z.succ m * S) with (n + m * S + S) by lia. now apply settled_next.
  Qed.

  Lemma signature_old n i :
    settled n -> 0 <= i < positions levels (n + S) ->
    exists i', 0 <= i' < positions levels n /\ signature levels n i' = signature levels (n + S) i.
  Proof.
    intros [_ Hn] Hi. unfold S in Hi. rewrite positions_next in Hi by assumption.
    assert (Hf := first_inside_nonneg levels).
    assert (Ha : 0 <= apart) by (unfold apart; lia).
    destruct (Z_lt_ge_dec i (unclipped levels n)) as [Hlt|Hge].
    - apply unclipped_spec in Hlt; [|assumption]. exists i. split.
      + split; [lia|]. now apply unclipped_positions.
      + symmetry. now apply signature_ends.
    - exists (i - 1). split; [lia|]. symmetry.
      replace i with (i - 1 + 1) at 1 by lia. apply signature_starts; [assumption|].
      apply first_inside_spec; [assumption|lia].
  Qed.

  (** Two positions that see one window. *)
  Lemma seeing_apart n w size i j :
    shortest <= size -> sees levels n w size i -> sees levels n w size j -> i - j < Z.max 1 apart.
  Proof.
    intros Hs (_ & Hi & _) (_ & _ & Hj). assert (G := step_pos levels levels_fine). fold S in G.
    replace (start levels i) with (start levels j + (i - j) * S) in Hi by (unfold S; rewrite <- start_next; f_equal;
      lia).
    assert (H : (i - j) * S <= field levels - shortest) by lia.
    assert (Hd := Z.div_mod (field levels - shortest) S ltac:(lia)).
    assert (Hm := Z.mod_pos_bound (field levels - shortest) S ltac:(lia)).
    assert (i - j <= (field levels - shortest) / S) by nia.
    unfold apart. lia.
  Qed.

  (** What makes two lists of sights equal: the same positions, or those one further, with the same sights. *)
  Lemma sights_same n w size :
    0 <= w -> (forall i, sees levels (n + S) w size i -> ends_inside levels n i) ->
    sights levels n w size = sights levels (n + S) w size.
  Proof.
    intros Hw Hends. unfold sights.
    assert (E : seeing levels n w size = seeing levels (n + S) w size).
    { unfold seeing. rewrite positions_grow.
      set (first := Z.max 0 _). set (last := last_seeing levels w).
      destruct (Z_lt_ge_dec last (positions levels n)) as [Hlt|Hge]; [rewrite !Z.min_l by lia; reflexivity|].
      destruct (Z_le_gt_dec first (positions levels n)) as [Hle|Hgt].
      2: { unfold span. replace (Z.to_nat _) with 0%nat by lia. symmetry. replace (Z.to_nat _) with 0%nat by lia.
      reflexivity. }
      exfalso. assert (Hsee : sees levels (n + S) w size (positions levels n)).
      { apply in_seeing; [assumption|]. unfold seeing. rewrite positions_grow. fold first last.
        apply in_span. lia. }
      apply Hends in Hsee. apply unclipped_positions in Hsee. lia. }
    rewrite <- E. apply map_ext_in. intros i Hi. unfold sight. f_equal.
    rewrite E in Hi. apply in_seeing in Hi; [|assumption]. symmetry. apply signature_ends; auto.
  Qed.

  Lemma sights_shifted n w size :
    (forall i, sees levels (n + S) w size i -> first_inside levels + 1 <= i) ->
    sights levels n (w - S) size = sights levels (n + S) w size.
  Proof.
    intros Hfirst. unfold sights. assert (G := step_pos levels levels_fine). fold S in G.
    assert (Hf := first_inside_nonneg levels).
    assert (E : map (fun i => i + 1) (seeing levels n (w - S) size) = seeing levels (n + S) w size).
    { unfold seeing. rewrite span_shift. rewrite positions_grow.
      assert (F : first_seeing levels (w - S) size = first_seeing levels w size - 1).
      { unfold first_seeing. fold S.
        replace (start levels 0 + field levels - (w - S) - size)
          with (start levels 0 + field levels - w - size + 1 * S) by lia.
        rewrite Z.div_add by lia. lia. }
      assert (L : last_seeing levels (w - S) = last_seeing levels w - 1).
      { unfold last_seeing. fold S. replace (w - S - start levels 0) with (w - start levels 0 + (-1) * S) by lia.
        rewrite Z.div_add by lia. lia. }
      rewrite F, L. set (a := first_seeing levels w size) in *. set (b := last_seeing levels w) in *.
      destruct (Z_le_gt_dec 1 a) as [Ha|Ha]; [f_equal; lia|].
      (* position 0 would see the window, unless nothing does *)
      destruct (Z_lt_ge_dec (Z.min b (positions levels n)) 0) as [Hneg|Hpos].
      { unfold span. replace (Z.to_nat _) with 0%nat by lia. symmetry. replace (Z.to_nat _) with 0%nat by lia.
        reflexivity. }
      exfalso. assert (Hsee : sees levels (n + S) w size 0).
      { apply in_seeing; [assumption|]. unfold seeing. rewrite positions_grow. fold a b.
        apply in_span. lia. }
      apply Hfirst in Hsee. lia. }
    rewrite <- E, map_map. apply map_ext_in. intros i Hi. unfold sight. f_equal.
    - rewrite start_next. unfold S. lia.
    - assert (Hsee : In (i + 1) (seeing levels (n + S) w size)) by (rewrite <- E; now apply (in_map (fun i => i + 1))).
      apply in_seeing in Hsee; [|assumption]. apply Hfirst in Hsee.
      symmetry. apply signature_starts; [assumption|]. apply first_inside_spec; [assumption|lia].
  Qed.

  Lemma window_old n w size :
    settled n -> shortest <= size <= longest -> 0 <= w -> w + size <= n + S ->
    exists w', 0 <= w' /\ w' + size <= n /\ sights levels n w' size = sights levels (n + S) w size.
  Proof.
    intros [Hlen Hn] Hsize Hw Hw'. assert (G := step_pos levels levels_fine). fold S in G.
    assert (Hf := first_inside_nonneg levels). assert (Ha : 0 <= apart) by (unfold apart; lia).
    destruct (existsb (fun i => unclipped levels n <=? i) (seeing levels (n + S) w size)) eqn:E.
    - (* some position that sees the window is clipped at its end: none is clipped at its start *)
      apply existsb_exists in E. destruct E as (i & Hi & Hge). apply Z.leb_le in Hge.
      apply in_seeing in Hi; [|assumption].
      assert (Hall : forall j, sees levels (n + S) w size j -> first_inside levels + 1 <= j).
      { intros j Hj. assert (H := seeing_apart (n + S) w size i j ltac:(lia) Hi Hj). lia. }
      exists (w - S). split; [|split; [lia|now apply sights_shifted]].
      specialize (Hall i Hi).
      assert (H0 : 0 <= start levels (i - 1)) by (apply starts_inside_image, first_inside_spec; [assumption|lia]).
      destruct Hi as (_ & Hi & _). replace i with (i - 1 + 1) in Hi by lia. rewrite start_next in Hi. fold S in Hi. lia.
    - assert (Hends : forall i, sees levels (n + S) w size i -> ends_inside levels n i).
      { intros i Hi. apply unclipped_spec; [assumption|].
        destruct (Z_lt_ge_dec i (unclipped levels n)) as [|Hge]; [assumption|].
        enough (existsb (fun i => unclipped levels n <=? i) (seeing levels (n + S) w size) = true) by congruence.
        apply existsb_exists. exists i. split; [now apply in_seeing|]. apply Z.leb_le. lia. }
      destruct (Z_le_gt_dec (w + size) n) as [Hin|Hout].
      + exists w. split; [assumption|]. split; [assumption|]. now apply sights_same.
      + (* nothing sees a window that ends in the last step *)
        exists (w - S). split; [lia|]. split; [lia|]. apply sights_shifted.
        intros i Hi. exfalso. specialize (Hends i Hi). destruct Hi as (_ & _ & Hi).
        apply ends_inside_image in Hends. lia.
  Qed.

  (** Any number of steps longer. *)
  Lemma signature_old_many n k i :
    0 <= k -> settled n -> 0 <= i < positions levels (n + k * S) ->
    exists i', 0 <= i' < positions levels n /\ signature levels n i' = signature levels (n + k * S) i.
  Proof.
    intros Hk Hn. revert i. pattern k. apply natlike_ind; [| |assumption].
    - intros i Hi. rewrite Z.add_0_r in *. eauto.
    - intros m Hm IH i Hi. replace (n + Z.succ m * S) with (n + m * S + S) in * by lia.
      destruct (signature_old _ i (settled_later n m Hm Hn) Hi) as (j & Hj & E).
      destruct (IH j Hj) as (i' & Hi' & E'). exists i'. split; [assumption|congruence].
  Qed.

  Lemma window_old_many n k w size :
    0 <= k -> settled n -> shortest <= size <= longest -> 0 <= w -> w + size <= n + k * S ->
    exists w', 0 <= w' /\ w' + size <= n /\ sights levels n w' size = sights levels (n + k * S) w size.
  Proof.
    intros Hk Hn Hsize. revert w. pattern k. apply natlike_ind; [| |assumption].
    - intros w Hw Hw'. rewrite Z.add_0_r in *. eauto.
    - intros m Hm IH w Hw Hw'. replace (n + Z.succ m * S) with (n + m * S + S) in * by lia.
      destruct (window_old _ w size (settled_later n m Hm Hn) Hsize Hw Hw') as (v & Hv & Hv' & E).
      destruct (IH v Hv Hv') as (w' & H1 & H2 & E'). exists w'. split; [assumption|]. split; [assumption|congruence].
  Qed.
End Growth.

(** * Finitely many lengths stand for all *)

Section Representatives.
  Variable levels : list level.
  Hypothesis levels_fine : Forall level_ok levels.
  Variables shortest longest : Z.

  Definition settledb (n : Z) : bool :=
    (step levels + longest <=? n) && (first_inside levels + apart levels shortest <? unclipped levels n).

  (** The first settled length from [n] on, if it is among the next [fuel]. *)
  Fixpoint settle (fuel : nat) (n : Z) : option Z :=
    match fuel with
    | O => None
    | S fuel => if settledb n then Some n else settle fuel (n + 1)
    end.

  Definition settling_length : option Z :=
    let n := step levels + longest in
    settle (Z.to_nat (step levels * (2 + Z.max 0 (first_inside levels + apart levels shortest - unclipped levels n))))
      n.

  (** What stands for a length, once lengths from [s] on repeat. *)
  Definition stands (s n : Z) : Z := if n <? s then n else s + (n - s) mod step levels.

  Definition representatives (least : Z) (most : option Z) : option (list Z) :=
    match settling_length with
    | None => None
    | Some s =>
        let last := Z.max least s + step levels - 1 in
        let last := match most with None => last | Some m => Z.min last m end in
        Some (map (stands s) (span least (last - least + 1)))
    end.

  Lemma settle_settled fuel : forall n s, settle fuel n = Some s -> settled levels shortest longest s.
  Proof.
    induction fuel as [|fuel IH]; intros n s; simpl; [discriminate|].
    destruct (settledb n) eqn:E; [|apply IH]. intros [= <-].
    unfold settledb in E. apply andb_true_iff in E. rewrite Z.leb_le, Z.ltb_lt in E. exact E.
  Qed.

  (** Every length of the range is a listed one, or that many steps longer than a settled listed one. *)
  Lemma representative least most reps n :
    representatives least most = Some reps -> least <= n -> (forall m, most = Some m -> n <= m) ->
    exists r k, In r reps /\ 0 <= k /\ n = r + k * step levels /\ (k = 0 \/ settled levels shortest longest r).
  Proof.
    unfold representatives. destruct settling_length as [s|] eqn:E; [|discriminate].
    apply settle_settled in E. intros [= <-] Hleast Hmost.
    assert (G := step_pos levels levels_fine). set (S := step levels) in *.
    set (last := Z.max least s + S - 1).
    set (last' := match most with None => last | Some m => Z.min last m end).
    assert (Hl : forall n', least <= n' <= last -> n' <= n ->
      In (stands s n') (map (stands s) (span least (last' - least + 1)))).
    { intros n' Hn' Hle. apply in_map, in_span. unfold last'.
      destruct most as [m|]; [specialize (Hmost m eq_refl)|]; lia. }
    destruct (Z_lt_ge_dec n s) as [Hlt|Hge].
    { exists n, 0. split; [|split; [lia|split; [lia|now left]]].
      replace n with (stands s n) at 1; [apply Hl; unfold last; lia|].
      unfold stands. destruct (Z.ltb_spec n s); lia. }
    assert (Hd := Z.div_mod (n - s) S ltac:(lia)). assert (Hm := Z.mod_pos_bound (n - s) S ltac:(lia)).
    exists (s + (n - s) mod S), ((n - s) / S).
    assert (Hq : 0 <= (n - s) / S) by (apply Z.div_pos; lia).
    split; [|split; [assumption|split; [lia|]]].
    - (* the last length up to [last] of the same remainder *)
      set (k := Z.max 0 ((n - last + S - 1) / S)).
      assert (Hk := Z.div_mod (n - last + S - 1) S ltac:(lia)).
      assert (Hk' := Z.mod_pos_bound (n - last + S - 1) S ltac:(lia)).
      assert (Hn' : least <= n - k * S <= last /\ s <= n - k * S /\ n - k * S <= n) by (unfold k, last in *; nia).
      replace (s + (n - s) mod S) with (stands s (n - k * S)); [apply Hl; lia|].
      unfold stands. destruct (Z.ltb_spec (n - k * S) s); [lia|].
      fold S. f_equal. replace (n - k * S - s) with (n - s + (- k) * S) by lia. apply Z.mod_add. lia.
    - right. assert (Hset : settled levels shortest longest s) by exact E.
      destruct Hset as [H1 H2]. split; [fold S in H1; fold S; lia|].
      assert (Hmono : forall ls, Forall level_ok ls -> forall a b, a <= b -> unclipped ls a <= unclipped ls b).
      { induction 1 as [|l ls Hlv Hls IH]; intros a b Hab; cbn [unclipped].
        - unfold ending. cbn. rewrite !Z.div_1_r. lia.
        - assert (Hs := step_pos (l :: ls) (Forall_cons _ Hlv Hls)). destruct Hlv as (_ & Hstr & _).
          assert (ending (l :: ls) a <= ending (l :: ls) b).
          { unfold ending. assert (H := Z.div_le_mono (a - start (l :: ls) 0 - field (l :: ls))
              (b - start (l :: ls) 0 - field (l :: ls)) (step (l :: ls)) ltac:(lia) ltac:(lia)). lia. }
          assert (above l a <= above l b).
          { unfold above. assert (H' := Z.div_le_mono (a + before l + after l - kernel l)
              (b + before l + after l - kernel l) (stride l) ltac:(lia) ltac:(lia)). lia. }
          specialize (IH _ _ H0). lia. }
      specialize (Hmono levels levels_fine s (s + (n - s) mod S) ltac:(lia)). lia.
  Qed.

  (** All signatures of positions at these lengths, and all the ways in which windows are seen. *)
  Definition kinds (reps : list Z) : list signature_t :=
    flat_map (fun n => map (signature levels n) (span 0 (positions levels n))) reps.

  Definition sight_classes (size : Z) (reps : list Z) : list (list sight_t) :=
    flat_map (fun n => map (fun w => sights levels n w size) (span 0 (n - size + 1))) reps.

  (** No length of the range has a signature that is not listed. *)
  Theorem kinds_complete least most reps n i :
    representatives least most = Some reps -> least <= n -> (forall m, most = Some m -> n <= m) ->
    0 <= i < positions levels n -> In (signature levels n i) (kinds reps).
  Proof.
    intros E Hl Hm Hi. destruct (representative least most reps n E Hl Hm) as (r & k & Hr & Hk & -> & Hs).
    assert (H : exists i', 0 <= i' < positions levels r /\
      signature levels r i' = signature levels (r + k * step levels) i).
    { destruct Hs as [->|Hs]; [rewrite Z.add_0_r in *; eauto|].
      now apply (signature_old_many levels levels_fine shortest longest). }
    destruct H as (i' & Hi' & <-). apply in_flat_map. exists r. split; [assumption|].
    apply in_map, in_span. lia.
  Qed.

  (** Nor a window that is seen in a way that is not listed. *)
  Theorem sight_classes_complete least most reps n w size :
    representatives least most = Some reps -> least <= n -> (forall m, most = Some m -> n <= m) ->
    shortest <= size <= longest -> 0 <= w -> w + size <= n -> In (sights levels n w size) (sight_classes size reps).
  Proof.
    intros E Hl Hm Hsize Hw Hw'. destruct (representative least most reps n E Hl Hm) as (r & k & Hr & Hk & -> & Hs).
    assert (H : exists w', 0 <= w' /\ w' + size <= r /\
      sights levels r w' size = sights levels (r + k * step levels) w size).
    { destruct Hs as [->|Hs]; [rewrite Z.add_0_r in *; eauto|].
      now apply (window_old_many levels levels_fine shortest longest). }
    destruct H as (w' & H1 & H2 & <-). apply in_flat_map. exists r. split; [assumption|].
    apply (in_map (fun w => sights levels r w size)), in_span. lia.
  Qed.

  (** A stem that is defined at the least length is defined at every greater one. *)
  Lemma defined_above ls : Forall level_ok ls -> forall a b,
    a <= b -> defined_at ls a = true -> defined_at ls b = true.
  Proof.
    induction 1 as [|l ls Hl Hls IH]; intros a b Hab; simpl; rewrite !andb_true_iff, !Z.leb_le; [lia|].
    intros [Ha Hd]. split; [lia|]. apply (IH (above l a)); [|assumption].
    destruct Hl as (_ & Hs & _). unfold above.
    assert (H := Z.div_le_mono (a + before l + after l - kernel l) (b + before l + after l - kernel l) (stride l)
      ltac:(lia) ltac:(lia)). lia.
  Qed.

  (** Longer lengths have as many positions or more. *)
  Lemma positions_mono ls : Forall level_ok ls -> forall a b, a <= b -> positions ls a <= positions ls b.
  Proof.
    induction 1 as [|l ls Hl Hls IH]; intros a b Hab; [assumption|]. apply IH.
    destruct Hl as (_ & Hs & _). unfold above.
    assert (H := Z.div_le_mono (a + before l + after l - kernel l) (b + before l + after l - kernel l) (stride l)
      ltac:(lia) ltac:(lia)). lia.
  Qed.

  Lemma defined_positions ls : forall n, defined_at ls n = true -> 1 <= positions ls n.
  Proof.
    induction ls as [|l ls IH]; intros n; cbn [defined_at positions]; intros [H1 H2]%andb_true_iff; [lia|].
    now apply IH.
  Qed.
End Representatives.
