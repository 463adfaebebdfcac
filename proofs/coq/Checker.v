(** The checker of proofs (THEOREM.md, section 6; FORMAT.md, "Rules"): computation only, no real number in sight.

    It follows [exactcnn/checker/kernel.py] rule by rule and keeps its numbering of rows and of branches. What it checks
    is a sequent: a circuit, rows, clauses that switch rows on, and a goal. [Soundness.v] says what its answer means. *)

From Coq Require Import ZArith NArith List Bool FMapPositive.
From ExactCNN Require Import Numbers.
Import ListNotations.

Module Checker (Num : Numbers).
  Notation number := Num.t.

  Definition positive (a : number) : bool := negb (Num.leb a Num.zero).
  Definition negative (a : number) : bool := negb (Num.leb Num.zero a).
  Definition absolute (a : number) : number := if Num.leb Num.zero a then a else Num.opp a.
  Definition largest (a b : number) : number := if Num.leb a b then b else a.

  (** * Forms *)

  (** A variable with its coefficient. *)
  Definition term : Type := N * number.

  (** An affine form: variables ascending, coefficients not 0. Nothing rests on that order: forms that are out of order
      may only fail to cancel. *)
  Record form := Form { terms : list term; constant : number }.

  Definition nothing : form := Form [] Num.zero.

  Definition just (c : number) : form := Form [] c.

  (** [a] times a variable. *)
  Definition times (a : number) (v : N) : form := Form [(v, a)] Num.zero.

  Fixpoint add_terms (a : list term) : list term -> list term :=
    match a with
    | [] => fun b => b
    | (v, p) :: a' =>
        fix inner (b : list term) : list term :=
          match b with
          | [] => a
          | (w, q) :: b' =>
              match N.compare v w with
              | Lt => (v, p) :: add_terms a' b
              | Gt => (w, q) :: inner b'
              | Eq => let s := Num.add p q in
                      if Num.eqb s Num.zero then add_terms a' b' else (v, s) :: add_terms a' b'
              end
          end
    end.

  Definition add (f g : form) : form := Form (add_terms (terms f) (terms g)) (Num.add (constant f) (constant g)).

  Definition scale (a : number) (f : form) : form :=
    if Num.eqb a Num.zero then nothing
    else Form (map (fun p => (fst p, Num.mul a (snd p))) (terms f)) (Num.mul a (constant f)).

  Definition minus (f g : form) : form := add f (scale (Num.opp Num.one) g).

  (** Sums by halves, so that many short forms are added up fast. *)
  Fixpoint pairwise (l : list form) : list form :=
    match l with
    | a :: b :: l => add a b :: pairwise l
    | _ => l
    end.

  Fixpoint halving (rounds l : list form) : form :=
    match rounds, l with
    | _, [] => nothing
    | _, [f] => f
    | _ :: rounds, _ => halving rounds (pairwise l)
    | [], _ => fold_right add nothing l
    end.

  Definition total (l : list form) : form := halving l l.

  (** The form over the greatest common divisor of its coefficients. *)
  Definition divisor (f : form) : number :=
    fold_left (fun g p => if Num.eqb g Num.one then g else Num.gcd g (snd p)) (terms f) (Num.gcd (constant f) Num.zero).

  Definition primitive (f : form) : form :=
    let g := divisor f in
    if Num.leb g Num.one then f
    else Form (map (fun p => (fst p, Num.div (snd p) g)) (terms f)) (Num.div (constant f) g).

  (** Equality of the parts with variables. *)
  Fixpoint same_terms (a b : list term) : bool :=
    match a, b with
    | [], [] => true
    | (v, p) :: a, (w, q) :: b => (v =? w)%N && Num.eqb p q && same_terms a b
    | _, _ => false
    end.

  (** * Circuits and sequents *)

  (** A node is max(0, z), or the maximum of one or more arguments. *)
  Inductive gate :=
  | ReluOf (z : form)
  | MaxOf (z : form) (zs : list form).

  (** [node_scale] times the node's variable is the gate of integer forms. *)
  Record node := Node { variable : N; node_scale : number; node_gate : gate }.

  Definition arguments (g : gate) : list form :=
    match g with
    | ReluOf z => [z]
    | MaxOf z zs => z :: zs
    end.

  Definition scaled (n : node) : form := times (node_scale n) (variable n).

  (** A node is at least 0, if it is a ReLU, and at least each argument. *)
  Definition node_rows (n : node) : list form :=
    let above := map (fun z => primitive (minus (scaled n) z)) (arguments (node_gate n)) in
    match node_gate n with
    | ReluOf _ => times Num.one (variable n) :: above
    | MaxOf _ _ => above
    end.

  (** What a sequent about logits speaks of: an image contains feature f; one of its windows exhibits template t of f;
      alternative i of class y's formula holds (see [Instance.v]); all features that fact j avoids are avoided. *)
  Inductive atom :=
  | Contains (f : nat)
  | Exhibits (f t : nat)
  | Chosen (y i : nat)
  | Avoided (j : nat).

  (** An atom, or its negation. *)
  Definition literal : Type := bool * atom.

  Definition negation (l : literal) : literal := (negb (fst l), snd l).

  Definition literal_eq_dec (a b : literal) : {a = b} + {a <> b}.
  Proof. decide equality; [decide equality; apply Nat.eq_dec|apply bool_dec]. Defined.

  Record sequent := Sequent {
    size : N;
    before_nodes : list form;
    nodes : list node;
    after_nodes : list form;
    clauses : list (list literal);
    switched : literal -> list form;
    goal : form
  }.

  Definition initial_rows (s : sequent) : list form := before_nodes s ++ flat_map node_rows (nodes s) ++ after_nodes s.

  (** * Proofs *)

  (** Rows by number with their multipliers. *)
  Definition combination : Type := list (N * number).

  (** A rule that adds a row. A premise is a row with its factor, or nothing for the form 0. *)
  Inductive step :=
  | Lin (rows : combination)
  | Sub (premise : option (N * number)) (v : N) (s : number) (others : list (N * number))
  | Chord (v p q : N)
  | Maxle (v : N) (s : number) (premises : list (option (N * number))).

  (** A rule that ends a branch, and opens new ones. *)
  Inductive rule :=
  | Have (lemma : form)
  | Split (v : N)
  | Cut (f : form)
  | Choose (c : N)
  | Qed (rows : combination).

  (** A proof is its lines, as a certificate has them: after the end of a branch the next open one starts. *)
  Inductive line :=
  | Step (s : step)
  | Close (r : rule).

  Definition proof : Type := list line.

  (** A branch to be proved: the rows that it adds, the literals that it assumes, its goal. *)
  Record task := Task { more : list form; assumes : list literal; wanted : form }.

  (** * Tables: rows by number, nodes by variable *)

  Record table := Table { next : N; entries : PositiveMap.t form }.

  Definition empty_table : table := Table 0 (PositiveMap.empty form).

  Definition push (rows : table) (f : form) : table :=
    Table (N.succ (next rows)) (PositiveMap.add (N.succ_pos (next rows)) f (entries rows)).

  Definition push_all (rows : table) (fs : list form) : table := fold_left push fs rows.

  (** Rows that a closed branch had added are still in no later table: tables are values. *)
  Definition row (rows : table) (r : N) : option form := PositiveMap.find (N.succ_pos r) (entries rows).

  Definition node_table (l : list node) : PositiveMap.t node :=
    fold_right (fun n m => PositiveMap.add (N.succ_pos (variable n)) n m) (PositiveMap.empty node) l.

  Section OneSequent.
    Variable s : sequent.
    Variable known : PositiveMap.t node.

    Definition find_node (v : N) : option node := PositiveMap.find (N.succ_pos v) known.

    Definition find_relu (v : N) : option (node * form) :=
      match find_node v with
      | Some n => match node_gate n with ReluOf z => Some (n, z) | MaxOf _ _ => None end
      | None => None
      end.

    (** * The rules that add a row *)

    (** Rows ascending from [least] on, multipliers positive. *)
    Fixpoint multiples (rows : table) (least : N) (l : combination) : option (list form) :=
      match l with
      | [] => Some []
      | (r, a) :: l =>
          if (least <=? r)%N && positive a
          then match row rows r, multiples rows (N.succ r) l with
               | Some f, Some fs => Some (scale a f :: fs)
               | _, _ => None
               end
          else None
      end.

    Definition combined (rows : table) (l : combination) : option form := option_map total (multiples rows 0 l).

    Definition premise_form (rows : table) (p : option (N * number)) : option form :=
      match p with
      | None => Some nothing
      | Some (r, a) => if positive a then option_map (scale a) (row rows r) else None
      end.

    Definition by_lin (rows : table) (l : combination) : option form :=
      match l with
      | [] => None
      | _ => combined rows l
      end.

    (** The sums of b_j Z_uj and of b_j Y_uj over ReLUs u_j ascending from [least] on. *)
    Fixpoint relu_sums (least : N) (l : list (N * number)) : option (list form * list form) :=
      match l with
      | [] => Some ([], [])
      | (u, b) :: l =>
          if (least <=? u)%N && positive b
          then match find_relu u, relu_sums (N.succ u) l with
               | Some (n, z), Some (zs, ys) => Some (scale b z :: zs, scale b (scaled n) :: ys)
               | _, _ => None
               end
          else None
      end.

    (** From q*row = sum b_j Z_j - s Z + c: sum b_j Y_j - s Y + max(0, c) >= 0. *)
    Definition by_sub (rows : table) (p : option (N * number)) (v : N) (q : number) (others : list (N * number))
        : option form :=
      match premise_form rows p, find_relu v, relu_sums 0 others with
      | Some premise, Some (n, z), Some (zs, ys) =>
          if positive q
          then let rest := minus premise (minus (total zs) (scale q z)) in
               match terms rest with
               | [] => Some (add (minus (total ys) (scale q (scaled n))) (just (largest Num.zero (constant rest))))
               | _ => None
               end
          else None
      | _, _, _ => None
      end.

    (** The bound b = numerator/denominator, if the row says Z >= b (or Z <= b where [upper]) up to a factor above 0. *)
    Definition bound_of (z : form) (f : form) (upper : bool) : option (number * number) :=
      match terms z, terms f with
      | (_, a) :: _, (_, c) :: _ =>
          let a' := absolute a in
          let c' := absolute c in
          let turn := if upper then Num.opp else fun x => x in
          if positive c' && positive a'
             && same_terms (terms (scale a' f)) (terms (scale (turn c') z))
          then Some (Num.add (Num.mul c' (constant z)) (turn (Num.opp (Num.mul a' (constant f)))), c')
          else None
      | _, _ => None
      end.

    (** From l <= Z <= u with l < 0 < u: u(Z - l) - (u - l)Y >= 0. *)
    Definition by_chord (rows : table) (v p q : N) : option form :=
      match find_relu v, row rows p, row rows q with
      | Some (n, z), Some f, Some g =>
          match bound_of z f false, bound_of z g true with
          | Some (l, d), Some (u, e) =>
              if negative l && positive u
              then let slope := Num.add (Num.mul u d) (Num.opp (Num.mul l e)) in
                   Some (add (minus (scale (Num.mul u d) z) (scale slope (scaled n)))
                             (just (Num.opp (Num.mul u l))))
              else None
          | _, _ => None
          end
      | _, _, _ => None
      end.

    (** The forms a_i*row_i + s Z_i, one for each argument. *)
    Fixpoint upper_forms (rows : table) (q : number) (zs : list form) (ps : list (option (N * number)))
        : option (list form) :=
      match zs, ps with
      | [], [] => Some []
      | z :: zs, p :: ps =>
          match premise_form rows p, upper_forms rows q zs ps with
          | Some f, Some fs => Some (add f (scale q z) :: fs)
          | _, _ => None
          end
      | _, _ => None
      end.

    (** From forms E + c_i >= s Z_i: E + (the largest c_i) - s Y >= 0. *)
    Definition by_maxle (rows : table) (v : N) (q : number) (ps : list (option (N * number))) : option form :=
      match find_node v with
      | Some n =>
          match node_gate n with
          | MaxOf z zs =>
              match upper_forms rows q (z :: zs) ps with
              | Some (f :: fs) =>
                  if positive q && forallb (fun g => same_terms (terms f) (terms g)) fs
                  then let c := fold_right (fun g c => largest (constant g) c) (constant f) fs in
                       Some (minus (Form (terms f) c) (scale q (scaled n)))
                  else None
              | _ => None
              end
          | ReluOf _ => None
          end
      | None => None
      end.

    Definition by_step (rows : table) (t : step) : option form :=
      match t with
      | Lin l => by_lin rows l
      | Sub p v q others => by_sub rows p v q others
      | Chord v p q => by_chord rows v p q
      | Maxle v q ps => by_maxle rows v q ps
      end.

    (** * The rules that end a branch *)

    (** Each case of a split: for a ReLU z >= 0 and y <= z, or z <= 0 and y <= 0; for a maximum y <= z_i. *)
    Definition split_cases (n : node) : list (list form) :=
      let least := fun z => primitive (minus z (scaled n)) in
      match node_gate n with
      | ReluOf z => [[primitive z; least z];
                     [primitive (scale (Num.opp Num.one) z); times (Num.opp Num.one) (variable n)]]
      | MaxOf z zs => map (fun z => [least z]) (z :: zs)
      end.

    Definition assumed_in (l : literal) (assumed : list literal) : bool :=
      existsb (fun k => if literal_eq_dec l k then true else false) assumed.

    (** A branch for each literal that is not contradicted; its rows are there already if it was assumed before. *)
    Definition choices (clause assumed : list literal) (goal : form) : list task :=
      map (fun l => Task (if assumed_in l assumed then [] else switched s l) [l] goal)
          (filter (fun l => negb (assumed_in (negation l) assumed)) clause).

    (** The combination is a negative constant; or a positive multiple of the goal's variables with a constant that is
        no greater; or the goal is a constant that is not negative. *)
    Definition closes (f goal : form) : bool :=
      match terms f, terms goal with
      | [], [] => negative (constant f) || Num.leb Num.zero (constant goal)
      | [], _ => negative (constant f)
      | (_, a) :: _, (_, b) :: _ =>
          let a' := absolute a in
          let b' := absolute b in
          positive a' && positive b' && same_terms (terms (scale b' f)) (terms (scale a' goal))
          && Num.leb (Num.mul b' (constant f)) (Num.mul a' (constant goal))
      | _, [] => false
      end.

    (** A form as a line may write it: variables ascending and of the sequent, coefficients not 0. *)
    Fixpoint ascending (least : N) (l : list term) : bool :=
      match l with
      | [] => true
      | (v, a) :: l =>
          (least <=? v)%N && (v <? size s)%N && negb (Num.eqb a Num.zero) && ascending (N.succ v) l
      end.

    Definition written (f : form) : option form := if ascending 0 (terms f) then Some (primitive f) else None.

    Definition by_rule (rows : table) (assumed : list literal) (goal : form) (r : rule) : option (list task) :=
      match r with
      | Have f => option_map (fun lemma => [Task [] [] lemma; Task [lemma] [] goal]) (written f)
      | Split v =>
          match find_node v with
          | Some n => Some (map (fun fs => Task fs [] goal) (split_cases n))
          | None => None
          end
      | Cut f => option_map (fun f => [Task [f] [] goal; Task [scale (Num.opp Num.one) f] [] goal]) (written f)
      | Choose c =>
          match nth_error (clauses s) (N.to_nat c) with
          | Some clause => Some (choices clause assumed goal)
          | None => None
          end
      | Qed l =>
          match combined rows l with
          | Some f => if closes f goal then Some [] else None
          | None => None
          end
      end.

    (** * The whole proof *)

    (** An open branch: the rows that are known there, the literals assumed, its goal. *)
    Record branch := Branch { given : table; assumed : list literal; aim : form }.

    Definition opened (b : branch) (t : task) : branch :=
      Branch (push_all (given b) (more t)) (assumes t ++ assumed b) (wanted t).

    (** Whether the lines prove the branch and those that are still [open], and nothing is left over. *)
    Fixpoint check_lines (p : proof) (b : branch) (open : list branch) : bool :=
      match p with
      | [] => false
      | Step t :: p =>
          match by_step (given b) t with
          | Some f => check_lines p (Branch (push (given b) (primitive f)) (assumed b) (aim b)) open
          | None => false
          end
      | Close r :: p =>
          match by_rule (given b) (assumed b) (aim b) r with
          | Some tasks =>
              match map (opened b) tasks ++ open with
              | [] => match p with [] => true | _ => false end
              | b :: open => check_lines p b open
              end
          | None => false
          end
      end.
  End OneSequent.

  (** Scales are positive, and the proof proves the goal from the rows of the sequent. *)
  Definition check (s : sequent) (p : proof) : bool :=
    forallb (fun n => positive (node_scale n)) (nodes s)
    && check_lines s (node_table (nodes s)) p (Branch (push_all empty_table (initial_rows s)) [] (goal s)) [].
End Checker.
