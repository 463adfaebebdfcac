(** How [exactcnn export CERTIFICATE --to coq] writes statements and certificates: weights in runs, proofs line by line
    as in FORMAT.md; and the step from the checker's answer to the theorem that such a file ends with.

    A reader of an exported theorem needs [weights], [taps], [conv] and [dense] of this file, which say what the
    network's weights are. What concerns proofs needs no trust: a wrong proof is refused. *)

From Coq Require Import Reals ZArith NArith List Lia Bool.
From ExactCNN Require Import Sums Images Numbers.
From ExactCNN Require Axis Tasks Networks Examples.
From ExactCNN Require Export Formulas.
Export ExactCNN.Examples.Exact.
Import ListNotations.
Open Scope Z_scope.

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

(** * The theorem *)

Theorem exported (st : statement) (cert : certificate) :
  check_instance st cert = true ->
  forall (sizes : Z -> Z -> Prop) (lead : R),
    (forall height width, sizes height width -> in_sizes st height width) -> lead = ratio_value (margin st) ->
    Networks.zero_error (task_of st) (network_of st) sizes lead.
Proof.
  intros accepted sizes lead fits -> x y Hx Hy Hs. exact (check_instance_sound st cert accepted x y Hx Hy (fits _ _ Hs)).
Qed.

Lemma whole (n : Z) : IZR n = (IZR n / IZR 1)%R.
Proof. unfold Rdiv. now rewrite Rinv_1, Rmult_1_r. Qed.

(** Whether sizes are in the statement's range. *)
Ltac compare_sizes :=
  intros height width fits; unfold in_sizes; simpl; split; [lia|split; [|split; [lia|]]];
    intros n most; first [discriminate most | injection most as <-; lia].
