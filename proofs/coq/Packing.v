(** How [exactcnn export CERTIFICATE --to coq] writes statements and certificates: weights in runs, proofs line by line
    as in FORMAT.md; and the step from the checker's answer to the theorem that such a file ends with.

    A reader of an exported theorem needs [weights], [taps], [conv] and [dense] of this file, which say what the
    network's weights are. What concerns proofs needs no trust: a wrong proof is refused. *)

From Coq Require Import Reals ZArith NArith List Lia Bool.
From ExactCNN Require Import Sums Images Numbers Roundings.
From ExactCNN Require Axis Tasks Networks.
From ExactCNN Require Export Formulas.
Import ListNotations.
Open Scope Z_scope.

Module Rounded := Roundings BinaryIntegers.
Export Rounded.Witnessed.Evaluated.

(** * Weights *)

(** A number so many times in a row. In the scope [runs], [3*0] stands [0; 0; 0], and a number alone for itself. *)
Inductive run := Run (times value : Z).

Definition once (value : Z) : run := Run 1 value.

Definition value_once (r : run) : option Z := match r with Run 1 value => Some value | _ => None end.

Declare Scope runs_scope.
Delimit Scope runs_scope with runs.
Number Notation run once value_once : runs_scope.
Notation "n * v" := (Run n%Z v%Z) : runs_scope.

Definition weights (l : list run) : list Z :=
  flat_map (fun r : run => let (n, v) := r in repeat v (Z.to_nat n)) l.

(** The numbers that are not 0, with their places counted from [p]. *)
Fixpoint placed (p : Z) (l : list Z) : list (Z * Z) :=
  match l with
  | [] => []
  | w :: l => if w =? 0 then placed (p + 1) l else (p, w) :: placed (p + 1) l
  end.

(** The weights of one output, listed by input channel, row and column. *)
Definition taps (down across : Axis.level) (l : list run) : list (N * Z * Z * Z) :=
  map (fun pw : Z * Z => let (p, w) := pw in
                 let area := Axis.kernel down * Axis.kernel across in
                 (Z.to_N (p / area), p mod area / Axis.kernel across, p mod area mod Axis.kernel across, w))
      (placed 0 (weights l)).

(** Weights and biases are over [unit]. *)
Definition conv (inputs : Z) (down across : Axis.level) (unit : Z) (outputs : list (list run)) (bias : list run)
    : stem_layer :=
  SConv (Z.to_N inputs) down across (map (taps down across) outputs) (weights bias) unit.

Definition dense (inputs unit : Z) (outputs : list (list run)) (bias : list run) : head_layer :=
  SDense (Z.to_N inputs) (map (fun l => map (fun pw => (Z.to_N (fst pw), snd pw)) (placed 0 (weights l))) outputs)
         (weights bias) unit.


(** * What the weights stand for *)

Lemma placed_sum (u : R) (t : Z) (l : list Z) : forall p,
  sum (placed p l) (fun pw => if fst pw =? t then IZR (snd pw) / u else 0)%R
  = (if p <=? t then IZR (nth (Z.to_nat (t - p)) l 0%Z) / u else 0)%R.
Proof.
  induction l as [|w l IH]; intros p; cbn [placed sum].
  - destruct (p <=? t); [|reflexivity]. destruct (Z.to_nat (t - p)); unfold Rdiv; cbn [nth]; ring.
  - assert (Hrest : sum (placed (p + 1) l) (fun pw => if fst pw =? t then IZR (snd pw) / u else 0)%R
                    = (if p <? t then IZR (nth (Z.to_nat (t - p)) (w :: l) 0%Z) / u else 0)%R).
    { rewrite IH. destruct (Z.leb_spec (p + 1) t), (Z.ltb_spec p t); try lia; [|reflexivity].
      now replace (Z.to_nat (t - p)) with (S (Z.to_nat (t - (p + 1)))) by lia. }
    destruct (Z.eqb_spec w 0) as [->|Hw]; cbn [sum fst snd]; rewrite Hrest;
      destruct (Z.leb_spec p t), (Z.ltb_spec p t), (Z.eqb_spec p t); try lia; try ring;
      subst; replace (Z.to_nat (t - t)) with O by lia; cbn [nth]; unfold Rdiv; ring.
Qed.

Lemma placed_from (l : list Z) : forall p q w, In (q, w) (placed p l) -> p <= q.
Proof.
  induction l as [|v l IH]; intros p q w; cbn [placed]; [intros []|].
  destruct (v =? 0); [intros H%IH; lia|intros [[= <- <-]|H%IH]; lia].
Qed.

(** Row i and column j of channel c's window stand at place (c * rows + i) * columns + j of the list of an output. *)
Theorem weight_of_taps (down across : Axis.level) (outputs : list (list run)) (unit : Z) (o c : nat) (i j : Z) :
  0 <= i < Axis.kernel down -> 0 <= j < Axis.kernel across ->
  let p := (Z.of_nat c * Axis.kernel down + i) * Axis.kernel across + j in
  tap_weight (map (taps down across) outputs) unit o c i j
  = (IZR (nth (Z.to_nat p) (weights (nth o outputs [])) 0%Z) / IZR unit)%R.
Proof.
  intros Hi Hj p. unfold tap_weight. change BinaryIntegers.t with Z.
  replace (nth o (map (taps down across) outputs) []) with (taps down across (nth o outputs []))
    by (symmetry; exact (map_nth (taps down across) outputs [] o)).
  unfold taps. rewrite sum_map.
  rewrite (sum_ext _ _ (fun pw => if fst pw =? p then IZR (snd pw) / IZR unit else 0)%R).
  - rewrite placed_sum, Z.sub_0_r. destruct (Z.leb_spec 0 p); [reflexivity|].
    assert (0 <= Z.of_nat c * Axis.kernel down) by (apply Z.mul_nonneg_nonneg; lia).
    assert (0 <= (Z.of_nat c * Axis.kernel down + i) * Axis.kernel across) by (apply Z.mul_nonneg_nonneg; lia). lia.
  - intros [q w] Hq%placed_from. cbn [fst snd].
    set (rows := Axis.kernel down) in *. set (columns := Axis.kernel across) in *.
    assert (Harea : 0 < rows * columns) by (apply Z.mul_pos_pos; lia).
    assert (E : ((N.to_nat (Z.to_N (q / (rows * columns))) =? c)%nat && (q mod (rows * columns) / columns =? i)
                 && (q mod (rows * columns) mod columns =? j))%bool = (q =? p)).
    { assert (D := Z.div_mod q (rows * columns) ltac:(lia)). assert (B := Z.mod_pos_bound q (rows * columns) Harea).
      set (k := q / (rows * columns)) in *. set (m := q mod (rows * columns)) in *.
      assert (D' := Z.div_mod m columns ltac:(lia)). assert (B' := Z.mod_pos_bound m columns ltac:(lia)).
      set (r := m / columns) in *. set (s := m mod columns) in *.
      assert (Hk : 0 <= k) by (apply Z.div_pos; lia).
      apply eq_true_iff_eq. rewrite !andb_true_iff, Nat.eqb_eq, !Z.eqb_eq. split.
      - intros ((Ek & ->) & ->). subst p. assert (k = Z.of_nat c) by lia. subst k. nia.
      - intros E. subst p.
        assert (Ek : Z.of_nat c = k).
        { apply (Z.div_unique q (rows * columns) _ (i * columns + j)); [left; nia|]. rewrite E. ring. }
        assert (Em : m = i * columns + j) by nia.
        assert (Er : i = r) by (apply (Z.div_unique m columns _ j); lia).
        repeat split; lia || nia. }
    now rewrite E.
Qed.

Theorem weight_of_dense (outputs : list (list run)) (unit : Z) (o k : nat) :
  dense_weight (map (fun l => map (fun pw => (Z.to_N (fst pw), snd pw)) (placed 0 (weights l))) outputs) unit o k
  = (IZR (nth k (weights (nth o outputs [])) 0%Z) / IZR unit)%R.
Proof.
  unfold dense_weight. change BinaryIntegers.t with Z.
  set (listed := fun l => map (fun pw : Z * Z => (Z.to_N (fst pw), snd pw)) (placed 0 (weights l))).
  replace (nth o (map listed outputs) []) with (listed (nth o outputs []))
    by (symmetry; exact (map_nth listed outputs [] o)).
  unfold listed. rewrite sum_map.
  rewrite (sum_ext _ _ (fun pw => if fst pw =? Z.of_nat k then IZR (snd pw) / IZR unit else 0)%R).
  - rewrite placed_sum, Z.sub_0_r, Nat2Z.id. destruct (Z.leb_spec 0 (Z.of_nat k)); [reflexivity|lia].
  - intros [q w] Hq%placed_from. cbn [fst snd].
    replace (N.to_nat (Z.to_N q) =? k)%nat with (q =? Z.of_nat k); [reflexivity|].
    apply eq_true_iff_eq. rewrite Nat.eqb_eq, Z.eqb_eq. lia.
Qed.

(** * Blocks of facts *)

Definition times {A} (n : Z) (a : A) : list A := repeat a (Z.to_nat n).

Definition box : option proof := None.
Definition by_proof (p : proof) : option proof := Some p.

(** Template t of feature f at row r and column s of the field. *)
Definition window (f t r s : Z) : seen_window := (Z.to_nat f, Z.to_nat t, r, s).

Definition see (i j : Z) (p : option proof) : nat * nat * option proof := (Z.to_nat i, Z.to_nat j, p).

Definition between (y z : Z) (p : proof) : nat * nat * proof := (Z.to_nat y, Z.to_nat z, p).

(** * Proofs, line by line *)

(** Variables or rows with their factors, alternately. *)
Fixpoint couples (l : list Z) : list (N * Z) :=
  match l with
  | v :: a :: l => (Z.to_N v, a) :: couples l
  | _ => []
  end.

(** A row with its factor, or the form 0. *)
Definition from (r a : Z) : option (N * Z) := Some (Z.to_N r, a).
Definition none : option (N * Z) := None.

Definition lin (l : list Z) : line := Step (Lin (couples l)).
Definition sub (premise : option (N * Z)) (v s : Z) (others : list Z) : line :=
  Step (Sub premise (Z.to_N v) s (couples others)).
Definition chord (v p q : Z) : line := Step (Chord (Z.to_N v) (Z.to_N p) (Z.to_N q)).
Definition maxle (v s : Z) (premises : list (option (N * Z))) : line := Step (Maxle (Z.to_N v) s premises).
Definition have (l : list Z) (c : Z) : line := Close (Have (Form (couples l) c)).
Definition cut (l : list Z) (c : Z) : line := Close (Cut (Form (couples l) c)).
Definition split (v : Z) : line := Close (Split (Z.to_N v)).
Definition choose (c : Z) : line := Close (Choose (Z.to_N c)).
Definition qed (l : list Z) : line := Close (Qed (couples l)).

(** * Witnesses *)

(** The numbers of an image by channel and row. *)
Definition core (l : list (list (list run))) : list (list (list Z)) := map (map weights) l.

(** * The theorem *)

(** The network is right on every admissible image of the sizes, and there is such an image of every class. *)
Theorem exported (st : statement) (cert : certificate) (l : list witness) :
  check_instance st cert = true -> check_witnesses st l = true ->
  forall (sizes : Z -> Z -> Prop) (lead : R) (number : nat),
    (forall height width, sizes height width <-> in_sizes st height width) -> lead = ratio_value (margin st) ->
    number = length (classes st) ->
    Networks.zero_error (task_of st) (network_of st) sizes lead
    /\ forall y, (y < number)%nat -> exists x,
         Tasks.admissible (task_of st) x /\ Tasks.labelled (task_of st) x y /\ sizes (height x) (width x).
Proof.
  intros accepted seen sizes lead number fits -> ->.
  assert (both : check_certificate st cert l = true) by (unfold check_certificate; now rewrite accepted, seen).
  apply Rounded.Witnessed.check_certificate_sound in both as [right images]. split.
  - intros x y Hx Hy Hs%fits. exact (right x y Hx Hy Hs).
  - intros y (x & Hs%fits & Ha & Hl)%images. eauto.
Qed.

Lemma whole (n : Z) : IZR n = (IZR n / IZR 1)%R.
Proof. unfold Rdiv. now rewrite Rinv_1, Rmult_1_r. Qed.

(** Whether sizes are those of the statement's range. *)
Ltac compare_sizes :=
  intros height width; split; intros fits; hnf in fits; decompose [and] fits; clear fits; subst;
    [unfold in_sizes|hnf]; simpl in *; repeat apply conj; intros;
    repeat match goal with
           | E : None = Some _ |- _ => discriminate E
           | E : Some _ = Some _ |- _ => injection E as <-
           | H : forall n, Some ?m = Some n -> _ |- _ => specialize (H m eq_refl)
           end;
    first [assumption | apply Z.le_refl | apply Z.le_antisymm; assumption].
