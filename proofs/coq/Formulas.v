(** The formulas of classes: features by their number in the task. *)

From Coq Require Import List.

(** An alternative is a conjunction: all features of [requires] are contained, all those of [forbids] are avoided. *)
Record alternative := Alternative { requires : list nat; forbids : list nat }.

(** A class is a disjunction of alternatives, or holds where no other class does. *)
Inductive class :=
| AnyOf (alternatives : list alternative)
| Otherwise.
