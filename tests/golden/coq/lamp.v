(** A theorem about one network. On every admissible image of the task
    [lamp]
    of height 1 or more, width 1 or more, the logit of the image's label leads every other by at least 1/4.
    And there is such an image of every class.

    What admissible images, labels and networks are is defined in exactcnn's proofs/coq: Tasks.v and
    Networks.v. The task and the network are written out below; Packing.v says how weights are packed.
    The theorem is the last one, and Coq prints what it rests on: two axioms of the library's real numbers.

    Statement: SHA-256 65642ff0246132a617388288cb0d82450cc53f9ccdaa3266b88de36d749d6a53
    Written by exactcnn 0.1.0: exactcnn export lamp.cert --to coq -o lamp.v
    To compile it, with Coq 8.16 and proofs/coq compiled: coqc -Q PATH/TO/proofs/coq ExactCNN lamp.v *)

From Coq Require Import Reals ZArith List.
From ExactCNN Require Import Packing.
From ExactCNN Require Axis Images Networks Tasks.
Import ListNotations.
Open Scope Z_scope.

(** * The task [lamp] *)

(** The templates' intervals; their ends are over 4. *)
Definition i0 : Z * Z := (3, 4).

(** Feature 0: [bright],
    windows of 1 x 1 pixels; templates are listed channel by channel, row by row. *)
Definition feature_0 : feature :=
  Feature 1 1 (Ratio 1 2)
    [[i0]].

(** Class 0: [on]
    contains [bright]. *)
Definition class_0 : class := AnyOf
  [Alternative [0]%nat []%nat].

(** Class 1: [off]
    avoids [bright]. *)
Definition class_1 : class := AnyOf
  [Alternative []%nat [0]%nat].

(** * The network: weights by output, then by input channel, row and column, equal neighbours joined. *)

Definition head_0 : head_layer :=
  dense 1 2
    [[2];
     [0]]%runs
    [0; 1]%runs.

(** * The statement *)

Definition claim : statement := {|
  least_height := 1; least_width := 1;
  most_height := None; most_width := None;
  margin := Ratio 1 4;
  grid := 4;
  channels := 1;
  dark := 0; bright := 4;
  bytes := false;
  features := [feature_0];
  classes := [class_0; class_1];
  stem := [];
  pool := PoolMax;
  head := [head_0]
|}.

(** * The certificate: a wrong one would be refused. *)

Definition proof_0 : proof :=
 [split 1;
  qed [4; 2; 6; 1];
  qed [4; 1; 6; 2]].

(** Channel 0 is at most 1/4 on images that avoid [bright]. *)
Definition fact_0 : fact := Upper 0 (Ratio 1 4) [0]%nat (
  times 1 ([window 0 0 0 0], (by_proof proof_0))).

(** Where a window exhibits template 0 of [bright], channel 0 reaches 3/4. *)
Definition fact_1 : fact := Lower 0 0 0 (Ratio 3 4) (
  times 1 (see 0 0 box)).

Definition proof_1 : proof :=
 [choose 0;
  choose 1;
  choose 2;
  qed [0; 1]].

Definition proof_2 : proof :=
 [qed []].

Definition proof_3 : proof :=
 [choose 0;
  choose 2;
  qed [0; 1]].

(** The facts; what each class's formula says of its logit where it holds, and where it fails; pairs of
    classes that are left over. *)
Definition evidence : certificate := Certificate
  [fact_0; fact_1]
  [Some ((Ratio 3 4), proof_1); Some ((Ratio 1 2), proof_2)]
  [Some ((Ratio 1 4), proof_3); Some ((Ratio 1 2), proof_2)]
  [].

(** * The witnesses: an image of every class *)

(** Of class 0, [on]:
    3 x 3 pixels: row 0 and column 0 of these 1 x 1 repeated. *)
Definition witness_0 : witness := Witness 1 1 3 3 0 0 1 (core
   [[[1]]]%runs).

(** Of class 1, [off]:
    1 x 1 pixels. *)
Definition witness_1 : witness := Witness 1 1 1 1 0 0 4 (core
   [[[1]]]%runs).

Definition witnesses : list witness := [witness_0; witness_1].

(** * The theorem *)

Definition sizes (height width : Z) : Prop := 1 <= height /\ 1 <= width.

(** The checker, of which [Certificates.v] proves that it is right, runs on the certificate. *)
Lemma accepted : check_instance claim evidence = true.
Proof. vm_cast_no_check (eq_refl true). Qed.

(** The same of the witnesses, by [Witnesses.v]. *)
Lemma seen : check_witnesses claim witnesses = true.
Proof. vm_cast_no_check (eq_refl true). Qed.

Theorem claim_holds :
  Networks.zero_error (task_of claim) (network_of claim) sizes (1 / 4)%R
  /\ forall label, (label < 2)%nat -> exists image,
       Tasks.admissible (task_of claim) image /\ Tasks.labelled (task_of claim) image label
       /\ sizes (Images.height image) (Images.width image).
Proof.
  apply (exported claim evidence witnesses accepted seen); [compare_sizes|reflexivity|reflexivity].
Qed.

Print Assumptions claim_holds.
