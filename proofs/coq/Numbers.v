(** The integers that the checker computes with, as an interface.

    [Numbers] is all that the running checker knows of them, so that it can be extracted with any implementation.
    [SpecifiedNumbers] adds what the soundness proof needs: that they are the integers. *)

From Coq Require Import ZArith.

Module Type Numbers.
  Parameter t : Type.
  Parameters zero one : t.
  Parameters add mul gcd div : t -> t -> t.
  Parameter opp : t -> t.
  Parameters eqb leb : t -> t -> bool.
End Numbers.

Module Type SpecifiedNumbers.
  Include Numbers.
  Parameter to_Z : t -> Z.
  Axiom to_Z_zero : to_Z zero = 0%Z.
  Axiom to_Z_one : to_Z one = 1%Z.
  Axiom to_Z_add : forall a b, to_Z (add a b) = (to_Z a + to_Z b)%Z.
  Axiom to_Z_mul : forall a b, to_Z (mul a b) = (to_Z a * to_Z b)%Z.
  Axiom to_Z_opp : forall a, to_Z (opp a) = (- to_Z a)%Z.
  Axiom to_Z_gcd : forall a b, to_Z (gcd a b) = Z.gcd (to_Z a) (to_Z b).
  Axiom to_Z_div : forall a b, to_Z (div a b) = (to_Z a / to_Z b)%Z.
  Axiom eqb_to_Z : forall a b, eqb a b = (to_Z a =? to_Z b)%Z.
  Axiom leb_to_Z : forall a b, leb a b = (to_Z a <=? to_Z b)%Z.
End SpecifiedNumbers.

(** The standard library's binary integers are such numbers. *)
Module BinaryIntegers <: SpecifiedNumbers.
  Definition t := Z.
  Definition zero := 0%Z.
  Definition one := 1%Z.
  Definition add := Z.add.
  Definition mul := Z.mul.
  Definition gcd := Z.gcd.
  Definition div := Z.div.
  Definition opp := Z.opp.
  Definition eqb := Z.eqb.
  Definition leb := Z.leb.
  Definition to_Z (a : t) : Z := a.
  Lemma to_Z_zero : to_Z zero = 0%Z. Proof. reflexivity. Qed.
  Lemma to_Z_one : to_Z one = 1%Z. Proof. reflexivity. Qed.
  Lemma to_Z_add a b : to_Z (add a b) = (to_Z a + to_Z b)%Z. Proof. reflexivity. Qed.
  Lemma to_Z_mul a b : to_Z (mul a b) = (to_Z a * to_Z b)%Z. Proof. reflexivity. Qed.
  Lemma to_Z_opp a : to_Z (opp a) = (- to_Z a)%Z. Proof. reflexivity. Qed.
  Lemma to_Z_gcd a b : to_Z (gcd a b) = Z.gcd (to_Z a) (to_Z b). Proof. reflexivity. Qed.
  Lemma to_Z_div a b : to_Z (div a b) = (to_Z a / to_Z b)%Z. Proof. reflexivity. Qed.
  Lemma eqb_to_Z a b : eqb a b = (to_Z a =? to_Z b)%Z. Proof. reflexivity. Qed.
  Lemma leb_to_Z a b : leb a b = (to_Z a <=? to_Z b)%Z. Proof. reflexivity. Qed.
End BinaryIntegers.
