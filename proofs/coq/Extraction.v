(** The running checker in OCaml: [make -C proofs/ocaml] writes [checker.ml] by this file.

    What is extracted is computation over an interface of numbers ([Numbers]), which [integers.ml] implements by zarith;
    so are Coq's own [nat], [N] and [Z]. Nothing else is replaced but pairs, lists, options and truth values. *)

From Coq Require Import ZArith NArith PeanoNat List.
From Coq Require Import Extraction ExtrOcamlBasic.
From ExactCNN Require Import Numbers Rounding.

Extract Inductive comparison => "Integers.order" ["Integers.Eq" "Integers.Lt" "Integers.Gt"].
Extract Inductive positive => "Integers.positive" ["Integers.XI" "Integers.XO" "Integers.XH"].
Extract Inductive nat => "Integers.t" ["Integers.zero" "Integers.succ"] "Integers.nat_case".
Extract Inductive N => "Integers.t" ["Integers.zero" "Integers.of_positive"] "Integers.n_case".
Extract Inductive Z => "Integers.t" ["Integers.zero" "Integers.of_positive" "Integers.neg_positive"] "Integers.z_case".

Extract Inlined Constant Init.Nat.add => "Integers.add".
Extract Inlined Constant Nat.eqb => "Integers.eqb".
Extract Inlined Constant Nat.eq_dec => "Integers.eqb".
Extract Inlined Constant Nat.leb => "Integers.leb".
Extract Inlined Constant Nat.ltb => "Integers.ltb".

Extract Inlined Constant N.succ => "Integers.succ".
Extract Inlined Constant N.succ_pos => "Integers.succ_pos".
Extract Inlined Constant N.add => "Integers.add".
Extract Inlined Constant N.sub => "Integers.sub_natural".
Extract Inlined Constant N.mul => "Integers.mul".
Extract Inlined Constant N.compare => "Integers.compare".
Extract Inlined Constant N.eqb => "Integers.eqb".
Extract Inlined Constant N.leb => "Integers.leb".
Extract Inlined Constant N.ltb => "Integers.ltb".
Extract Inlined Constant N.div => "Integers.div".
Extract Inlined Constant N.modulo => "Integers.modulo".
Extract Inlined Constant N.to_nat => "(fun n -> n)".
Extract Inlined Constant N.of_nat => "(fun n -> n)".

Extract Inlined Constant Z.add => "Integers.add".
Extract Inlined Constant Z.sub => "Integers.sub".
Extract Inlined Constant Z.mul => "Integers.mul".
Extract Inlined Constant Z.opp => "Integers.opp".
Extract Inlined Constant Z.compare => "Integers.compare".
Extract Inlined Constant Z.eqb => "Integers.eqb".
Extract Inlined Constant Z.eq_dec => "Integers.eqb".
Extract Inlined Constant Z.leb => "Integers.leb".
Extract Inlined Constant Z.ltb => "Integers.ltb".
Extract Inlined Constant Z.max => "Integers.max".
Extract Inlined Constant Z.min => "Integers.min".
Extract Inlined Constant Z.div => "Integers.div".
Extract Inlined Constant Z.modulo => "Integers.modulo".
Extract Inlined Constant Z.to_nat => "Integers.natural".
Extract Inlined Constant Z.to_N => "Integers.natural".
Extract Inlined Constant Z.of_nat => "(fun n -> n)".
Extract Inlined Constant Z.of_N => "(fun n -> n)".

Extract Inlined Constant rev => "List.rev".

Extraction Blacklist Z List Integers.
Extraction "checker.ml" Rounding.
