
(** val negb : bool -> bool **)

let negb = function
| true -> false
| false -> true

(** val option_map : ('a1 -> 'a2) -> 'a1 option -> 'a2 option **)

let option_map f = function
| Some a -> Some (f a)
| None -> None

(** val fst : ('a1 * 'a2) -> 'a1 **)

let fst = function
| (x, _) -> x

(** val snd : ('a1 * 'a2) -> 'a2 **)

let snd = function
| (_, y) -> y

(** val length : 'a1 list -> Integers.t **)

let rec length = function
| [] -> Integers.zero
| _ :: l' -> Integers.succ (length l')

(** val app : 'a1 list -> 'a1 list -> 'a1 list **)

let rec app l m =
  match l with
  | [] -> m
  | a :: l1 -> a :: (app l1 m)



(** val bool_dec : bool -> bool -> bool **)

let bool_dec b1 b2 =
  if b1 then if b2 then true else false else if b2 then false else true

(** val eqb : bool -> bool -> bool **)

let eqb b1 b2 =
  if b1 then b2 else if b2 then false else true

module type TotalLeBool' =
 sig
  type t

  val leb : t -> t -> bool
 end

module Nat =
 struct
 end

module Pos =
 struct
  type mask =
  | IsNul
  | IsPos of Integers.positive
  | IsNeg
 end

module Coq_Pos =
 struct
  (** val succ : Integers.positive -> Integers.positive **)

  let rec succ = function
  | Integers.XI p -> Integers.XO (succ p)
  | Integers.XO p -> Integers.XI p
  | Integers.XH -> Integers.XO Integers.XH

  (** val add :
      Integers.positive -> Integers.positive -> Integers.positive **)

  let rec add x y =
    match x with
    | Integers.XI p ->
      (match y with
       | Integers.XI q -> Integers.XO (add_carry p q)
       | Integers.XO q -> Integers.XI (add p q)
       | Integers.XH -> Integers.XO (succ p))
    | Integers.XO p ->
      (match y with
       | Integers.XI q -> Integers.XI (add p q)
       | Integers.XO q -> Integers.XO (add p q)
       | Integers.XH -> Integers.XI p)
    | Integers.XH ->
      (match y with
       | Integers.XI q -> Integers.XO (succ q)
       | Integers.XO q -> Integers.XI q
       | Integers.XH -> Integers.XO Integers.XH)

  (** val add_carry :
      Integers.positive -> Integers.positive -> Integers.positive **)

  and add_carry x y =
    match x with
    | Integers.XI p ->
      (match y with
       | Integers.XI q -> Integers.XI (add_carry p q)
       | Integers.XO q -> Integers.XO (add_carry p q)
       | Integers.XH -> Integers.XI (succ p))
    | Integers.XO p ->
      (match y with
       | Integers.XI q -> Integers.XO (add_carry p q)
       | Integers.XO q -> Integers.XI (add p q)
       | Integers.XH -> Integers.XO (succ p))
    | Integers.XH ->
      (match y with
       | Integers.XI q -> Integers.XI (succ q)
       | Integers.XO q -> Integers.XO (succ q)
       | Integers.XH -> Integers.XI Integers.XH)

  (** val pred_double : Integers.positive -> Integers.positive **)

  let rec pred_double = function
  | Integers.XI p -> Integers.XI (Integers.XO p)
  | Integers.XO p -> Integers.XI (pred_double p)
  | Integers.XH -> Integers.XH

  type mask = Pos.mask =
  | IsNul
  | IsPos of Integers.positive
  | IsNeg

  (** val succ_double_mask : mask -> mask **)

  let succ_double_mask = function
  | IsNul -> IsPos Integers.XH
  | IsPos p -> IsPos (Integers.XI p)
  | IsNeg -> IsNeg

  (** val double_mask : mask -> mask **)

  let double_mask = function
  | IsPos p -> IsPos (Integers.XO p)
  | x0 -> x0

  (** val double_pred_mask : Integers.positive -> mask **)

  let double_pred_mask = function
  | Integers.XI p -> IsPos (Integers.XO (Integers.XO p))
  | Integers.XO p -> IsPos (Integers.XO (pred_double p))
  | Integers.XH -> IsNul

  (** val sub_mask : Integers.positive -> Integers.positive -> mask **)

  let rec sub_mask x y =
    match x with
    | Integers.XI p ->
      (match y with
       | Integers.XI q -> double_mask (sub_mask p q)
       | Integers.XO q -> succ_double_mask (sub_mask p q)
       | Integers.XH -> IsPos (Integers.XO p))
    | Integers.XO p ->
      (match y with
       | Integers.XI q -> succ_double_mask (sub_mask_carry p q)
       | Integers.XO q -> double_mask (sub_mask p q)
       | Integers.XH -> IsPos (pred_double p))
    | Integers.XH -> (match y with
                      | Integers.XH -> IsNul
                      | _ -> IsNeg)

  (** val sub_mask_carry : Integers.positive -> Integers.positive -> mask **)

  and sub_mask_carry x y =
    match x with
    | Integers.XI p ->
      (match y with
       | Integers.XI q -> succ_double_mask (sub_mask_carry p q)
       | Integers.XO q -> double_mask (sub_mask p q)
       | Integers.XH -> IsPos (pred_double p))
    | Integers.XO p ->
      (match y with
       | Integers.XI q -> double_mask (sub_mask_carry p q)
       | Integers.XO q -> succ_double_mask (sub_mask_carry p q)
       | Integers.XH -> double_pred_mask p)
    | Integers.XH -> IsNeg

  (** val mul :
      Integers.positive -> Integers.positive -> Integers.positive **)

  let rec mul x y =
    match x with
    | Integers.XI p -> add y (Integers.XO (mul p y))
    | Integers.XO p -> Integers.XO (mul p y)
    | Integers.XH -> y

  (** val iter : ('a1 -> 'a1) -> 'a1 -> Integers.positive -> 'a1 **)

  let rec iter f x = function
  | Integers.XI n' -> f (iter f (iter f x n') n')
  | Integers.XO n' -> iter f (iter f x n') n'
  | Integers.XH -> f x

  (** val compare_cont :
      Integers.order -> Integers.positive -> Integers.positive ->
      Integers.order **)

  let rec compare_cont r x y =
    match x with
    | Integers.XI p ->
      (match y with
       | Integers.XI q -> compare_cont r p q
       | Integers.XO q -> compare_cont Integers.Gt p q
       | Integers.XH -> Integers.Gt)
    | Integers.XO p ->
      (match y with
       | Integers.XI q -> compare_cont Integers.Lt p q
       | Integers.XO q -> compare_cont r p q
       | Integers.XH -> Integers.Gt)
    | Integers.XH -> (match y with
                      | Integers.XH -> r
                      | _ -> Integers.Lt)

  (** val compare :
      Integers.positive -> Integers.positive -> Integers.order **)

  let compare =
    compare_cont Integers.Eq

  (** val eqb : Integers.positive -> Integers.positive -> bool **)

  let rec eqb p q =
    match p with
    | Integers.XI p0 ->
      (match q with
       | Integers.XI q0 -> eqb p0 q0
       | _ -> false)
    | Integers.XO p0 ->
      (match q with
       | Integers.XO q0 -> eqb p0 q0
       | _ -> false)
    | Integers.XH -> (match q with
                      | Integers.XH -> true
                      | _ -> false)

  (** val iter_op : ('a1 -> 'a1 -> 'a1) -> Integers.positive -> 'a1 -> 'a1 **)

  let rec iter_op op p a =
    match p with
    | Integers.XI p0 -> op a (iter_op op p0 (op a a))
    | Integers.XO p0 -> iter_op op p0 (op a a)
    | Integers.XH -> a

  (** val to_nat : Integers.positive -> Integers.t **)

  let to_nat x =
    iter_op Integers.add x (Integers.succ Integers.zero)

  (** val of_succ_nat : Integers.t -> Integers.positive **)

  let rec of_succ_nat n0 =
    Integers.nat_case
      (fun _ -> Integers.XH)
      (fun x -> succ (of_succ_nat x))
      n0

  (** val eq_dec : Integers.positive -> Integers.positive -> bool **)

  let rec eq_dec p x0 =
    match p with
    | Integers.XI p0 ->
      (match x0 with
       | Integers.XI p1 -> eq_dec p0 p1
       | _ -> false)
    | Integers.XO p0 ->
      (match x0 with
       | Integers.XO p1 -> eq_dec p0 p1
       | _ -> false)
    | Integers.XH -> (match x0 with
                      | Integers.XH -> true
                      | _ -> false)
 end

module N =
 struct
  (** val succ_double : Integers.t -> Integers.t **)

  let succ_double x =
    Integers.n_case
      (fun _ -> Integers.of_positive Integers.XH)
      (fun p -> Integers.of_positive (Integers.XI p))
      x

  (** val double : Integers.t -> Integers.t **)

  let double n0 =
    Integers.n_case
      (fun _ -> Integers.zero)
      (fun p -> Integers.of_positive (Integers.XO p))
      n0

  (** val pos_div_eucl :
      Integers.positive -> Integers.t -> Integers.t * Integers.t **)

  let rec pos_div_eucl a b =
    match a with
    | Integers.XI a' ->
      let (q, r) = pos_div_eucl a' b in
      let r' = succ_double r in
      if Integers.leb b r'
      then ((succ_double q), (Integers.sub_natural r' b))
      else ((double q), r')
    | Integers.XO a' ->
      let (q, r) = pos_div_eucl a' b in
      let r' = double r in
      if Integers.leb b r'
      then ((succ_double q), (Integers.sub_natural r' b))
      else ((double q), r')
    | Integers.XH ->
      (Integers.n_case
         (fun _ -> (Integers.zero, (Integers.of_positive
         Integers.XH)))
         (fun p ->
         match p with
         | Integers.XH -> ((Integers.of_positive Integers.XH), Integers.zero)
         | _ -> (Integers.zero, (Integers.of_positive Integers.XH)))
         b)

  (** val div_eucl : Integers.t -> Integers.t -> Integers.t * Integers.t **)

  let div_eucl a b =
    Integers.n_case
      (fun _ -> (Integers.zero, Integers.zero))
      (fun na ->
      Integers.n_case
        (fun _ -> (Integers.zero, a))
        (fun _ -> pos_div_eucl na b)
        b)
      a
 end

module Z =
 struct
  (** val double : Integers.t -> Integers.t **)

  let double x =
    Integers.z_case
      (fun _ -> Integers.zero)
      (fun p -> Integers.of_positive (Integers.XO p))
      (fun p -> Integers.neg_positive (Integers.XO p))
      x

  (** val succ_double : Integers.t -> Integers.t **)

  let succ_double x =
    Integers.z_case
      (fun _ -> Integers.of_positive Integers.XH)
      (fun p -> Integers.of_positive (Integers.XI p))
      (fun p -> Integers.neg_positive (Coq_Pos.pred_double p))
      x

  (** val pred_double : Integers.t -> Integers.t **)

  let pred_double x =
    Integers.z_case
      (fun _ -> Integers.neg_positive Integers.XH)
      (fun p -> Integers.of_positive (Coq_Pos.pred_double p))
      (fun p -> Integers.neg_positive (Integers.XI p))
      x

  (** val pos_sub : Integers.positive -> Integers.positive -> Integers.t **)

  let rec pos_sub x y =
    match x with
    | Integers.XI p ->
      (match y with
       | Integers.XI q -> double (pos_sub p q)
       | Integers.XO q -> succ_double (pos_sub p q)
       | Integers.XH -> Integers.of_positive (Integers.XO p))
    | Integers.XO p ->
      (match y with
       | Integers.XI q -> pred_double (pos_sub p q)
       | Integers.XO q -> double (pos_sub p q)
       | Integers.XH -> Integers.of_positive (Coq_Pos.pred_double p))
    | Integers.XH ->
      (match y with
       | Integers.XI q -> Integers.neg_positive (Integers.XO q)
       | Integers.XO q -> Integers.neg_positive (Coq_Pos.pred_double q)
       | Integers.XH -> Integers.zero)

  (** val pow_pos : Integers.t -> Integers.positive -> Integers.t **)

  let pow_pos z0 =
    Coq_Pos.iter (Integers.mul z0) (Integers.of_positive Integers.XH)

  (** val pow : Integers.t -> Integers.t -> Integers.t **)

  let pow x y =
    Integers.z_case
      (fun _ -> Integers.of_positive Integers.XH)
      (fun p -> pow_pos x p)
      (fun _ -> Integers.zero)
      y

  (** val pos_div_eucl :
      Integers.positive -> Integers.t -> Integers.t * Integers.t **)

  let rec pos_div_eucl a b =
    match a with
    | Integers.XI a' ->
      let (q, r) = pos_div_eucl a' b in
      let r' =
        Integers.add
          (Integers.mul (Integers.of_positive (Integers.XO Integers.XH)) r)
          (Integers.of_positive Integers.XH)
      in
      if Integers.ltb r' b
      then ((Integers.mul (Integers.of_positive (Integers.XO Integers.XH)) q),
             r')
      else ((Integers.add
              (Integers.mul (Integers.of_positive (Integers.XO Integers.XH))
                q) (Integers.of_positive Integers.XH)), (Integers.sub r' b))
    | Integers.XO a' ->
      let (q, r) = pos_div_eucl a' b in
      let r' = Integers.mul (Integers.of_positive (Integers.XO Integers.XH)) r
      in
      if Integers.ltb r' b
      then ((Integers.mul (Integers.of_positive (Integers.XO Integers.XH)) q),
             r')
      else ((Integers.add
              (Integers.mul (Integers.of_positive (Integers.XO Integers.XH))
                q) (Integers.of_positive Integers.XH)), (Integers.sub r' b))
    | Integers.XH ->
      if Integers.leb (Integers.of_positive (Integers.XO Integers.XH)) b
      then (Integers.zero, (Integers.of_positive Integers.XH))
      else ((Integers.of_positive Integers.XH), Integers.zero)

  (** val div_eucl : Integers.t -> Integers.t -> Integers.t * Integers.t **)

  let div_eucl a b =
    Integers.z_case
      (fun _ -> (Integers.zero, Integers.zero))
      (fun a' ->
      Integers.z_case
        (fun _ -> (Integers.zero, a))
        (fun _ -> pos_div_eucl a' b)
        (fun b' ->
        let (q, r) = pos_div_eucl a' (Integers.of_positive b') in
        (Integers.z_case
           (fun _ -> ((Integers.opp q), Integers.zero))
           (fun _ ->
           ((Integers.opp (Integers.add q (Integers.of_positive Integers.XH))),
           (Integers.add b r)))
           (fun _ ->
           ((Integers.opp (Integers.add q (Integers.of_positive Integers.XH))),
           (Integers.add b r)))
           r))
        b)
      (fun a' ->
      Integers.z_case
        (fun _ -> (Integers.zero, a))
        (fun _ ->
        let (q, r) = pos_div_eucl a' b in
        (Integers.z_case
           (fun _ -> ((Integers.opp q), Integers.zero))
           (fun _ ->
           ((Integers.opp (Integers.add q (Integers.of_positive Integers.XH))),
           (Integers.sub b r)))
           (fun _ ->
           ((Integers.opp (Integers.add q (Integers.of_positive Integers.XH))),
           (Integers.sub b r)))
           r))
        (fun b' ->
        let (q, r) = pos_div_eucl a' (Integers.of_positive b') in
        (q, (Integers.opp r)))
        b)
      a
 end

(** val hd : 'a1 -> 'a1 list -> 'a1 **)

let hd default = function
| [] -> default
| x :: _ -> x

(** val tl : 'a1 list -> 'a1 list **)

let tl = function
| [] -> []
| _ :: m -> m

(** val in_dec : ('a1 -> 'a1 -> bool) -> 'a1 -> 'a1 list -> bool **)

let rec in_dec h a = function
| [] -> false
| y :: l0 -> let s = h y a in if s then true else in_dec h a l0

(** val nth : Integers.t -> 'a1 list -> 'a1 -> 'a1 **)

let rec nth n0 l default =
  Integers.nat_case
    (fun _ -> match l with
              | [] -> default
              | x :: _ -> x)
    (fun m -> match l with
              | [] -> default
              | _ :: t0 -> nth m t0 default)
    n0

(** val nth_error : 'a1 list -> Integers.t -> 'a1 option **)

let rec nth_error l n0 =
  Integers.nat_case
    (fun _ -> match l with
              | [] -> None
              | x :: _ -> Some x)
    (fun n1 -> match l with
               | [] -> None
               | _ :: l0 -> nth_error l0 n1)
    n0

(** val list_eq_dec : ('a1 -> 'a1 -> bool) -> 'a1 list -> 'a1 list -> bool **)

let rec list_eq_dec eq_dec0 l l' =
  match l with
  | [] -> (match l' with
           | [] -> true
           | _ :: _ -> false)
  | y :: l0 ->
    (match l' with
     | [] -> false
     | a :: l1 -> if eq_dec0 y a then list_eq_dec eq_dec0 l0 l1 else false)

(** val map : ('a1 -> 'a2) -> 'a1 list -> 'a2 list **)

let rec map f = function
| [] -> []
| a :: t0 -> (f a) :: (map f t0)

(** val flat_map : ('a1 -> 'a2 list) -> 'a1 list -> 'a2 list **)

let rec flat_map f = function
| [] -> []
| x :: t0 -> app (f x) (flat_map f t0)

(** val fold_left : ('a1 -> 'a2 -> 'a1) -> 'a2 list -> 'a1 -> 'a1 **)

let rec fold_left f l a0 =
  match l with
  | [] -> a0
  | b :: t0 -> fold_left f t0 (f a0 b)

(** val fold_right : ('a2 -> 'a1 -> 'a1) -> 'a1 -> 'a2 list -> 'a1 **)

let rec fold_right f a0 = function
| [] -> a0
| b :: t0 -> f b (fold_right f a0 t0)

(** val existsb : ('a1 -> bool) -> 'a1 list -> bool **)

let rec existsb f = function
| [] -> false
| a :: l0 -> (||) (f a) (existsb f l0)

(** val forallb : ('a1 -> bool) -> 'a1 list -> bool **)

let rec forallb f = function
| [] -> true
| a :: l0 -> (&&) (f a) (forallb f l0)

(** val filter : ('a1 -> bool) -> 'a1 list -> 'a1 list **)

let rec filter f = function
| [] -> []
| x :: l0 -> if f x then x :: (filter f l0) else filter f l0

(** val find : ('a1 -> bool) -> 'a1 list -> 'a1 option **)

let rec find f = function
| [] -> None
| x :: tl0 -> if f x then Some x else find f tl0

module Coq__1 = struct
 (** val combine : 'a1 list -> 'a2 list -> ('a1 * 'a2) list **)
 let rec combine l l' =
   match l with
   | [] -> []
   | x :: tl0 ->
     (match l' with
      | [] -> []
      | y :: tl' -> (x, y) :: (combine tl0 tl'))
end
include Coq__1

(** val list_prod : 'a1 list -> 'a2 list -> ('a1 * 'a2) list **)

let rec list_prod l l' =
  match l with
  | [] -> []
  | x :: t0 -> app (map (fun y -> (x, y)) l') (list_prod t0 l')

(** val seq : Integers.t -> Integers.t -> Integers.t list **)

let rec seq start0 len =
  Integers.nat_case
    (fun _ -> [])
    (fun len0 -> start0 :: (seq (Integers.succ start0) len0))
    len

(** val repeat : 'a1 -> Integers.t -> 'a1 list **)

let rec repeat x n0 =
  Integers.nat_case
    (fun _ -> [])
    (fun k -> x :: (repeat x k))
    n0

module type Numbers =
 sig
  type t

  val zero : t

  val one : t

  val add : t -> t -> t

  val mul : t -> t -> t

  val gcd : t -> t -> t

  val div : t -> t -> t

  val opp : t -> t

  val eqb : t -> t -> bool

  val leb : t -> t -> bool
 end

type alternative = { requires : Integers.t list; forbids : Integers.t list }

type class0 =
| AnyOf of alternative list
| Otherwise

module PositiveMap =
 struct
  type key = Integers.positive

  type 'a tree =
  | Leaf
  | Node of 'a tree * 'a option * 'a tree

  type 'a t = 'a tree

  (** val empty : 'a1 t **)

  let empty =
    Leaf

  (** val find : key -> 'a1 t -> 'a1 option **)

  let rec find i = function
  | Leaf -> None
  | Node (l, o, r) ->
    (match i with
     | Integers.XI ii -> find ii r
     | Integers.XO ii -> find ii l
     | Integers.XH -> o)

  (** val add : key -> 'a1 -> 'a1 t -> 'a1 t **)

  let rec add i v = function
  | Leaf ->
    (match i with
     | Integers.XI ii -> Node (Leaf, None, (add ii v Leaf))
     | Integers.XO ii -> Node ((add ii v Leaf), None, Leaf)
     | Integers.XH -> Node (Leaf, (Some v), Leaf))
  | Node (l, o, r) ->
    (match i with
     | Integers.XI ii -> Node (l, o, (add ii v r))
     | Integers.XO ii -> Node ((add ii v l), o, r)
     | Integers.XH -> Node (l, (Some v), r))
 end

module Sort =
 functor (X:TotalLeBool') ->
 struct
  (** val merge : X.t list -> X.t list -> X.t list **)

  let rec merge l1 l2 =
    let rec merge_aux l3 =
      match l1 with
      | [] -> l3
      | a1 :: l1' ->
        (match l3 with
         | [] -> l1
         | a2 :: l2' ->
           if X.leb a1 a2 then a1 :: (merge l1' l3) else a2 :: (merge_aux l2'))
    in merge_aux l2

  (** val merge_list_to_stack :
      X.t list option list -> X.t list -> X.t list option list **)

  let rec merge_list_to_stack stack l =
    match stack with
    | [] -> (Some l) :: []
    | y :: stack' ->
      (match y with
       | Some l' -> None :: (merge_list_to_stack stack' (merge l' l))
       | None -> (Some l) :: stack')

  (** val merge_stack : X.t list option list -> X.t list **)

  let rec merge_stack = function
  | [] -> []
  | y :: stack' ->
    (match y with
     | Some l -> merge l (merge_stack stack')
     | None -> merge_stack stack')

  (** val iter_merge : X.t list option list -> X.t list -> X.t list **)

  let rec iter_merge stack = function
  | [] -> merge_stack stack
  | a :: l' -> iter_merge (merge_list_to_stack stack (a :: [])) l'

  (** val sort : X.t list -> X.t list **)

  let sort =
    iter_merge []

  (** val flatten_stack : X.t list option list -> X.t list **)

  let rec flatten_stack = function
  | [] -> []
  | o :: stack' ->
    (match o with
     | Some l -> app l (flatten_stack stack')
     | None -> flatten_stack stack')
 end

type level = { kernel : Integers.t; stride : Integers.t; before : Integers.t;
               after : Integers.t }

(** val above : level -> Integers.t -> Integers.t **)

let above l n0 =
  Integers.add
    (Integers.div
      (Integers.sub (Integers.add (Integers.add n0 l.before) l.after)
        l.kernel) l.stride) (Integers.of_positive Integers.XH)

(** val start : level list -> Integers.t -> Integers.t **)

let rec start levels i =
  match levels with
  | [] -> i
  | l :: levels0 ->
    Integers.sub (Integers.mul (start levels0 i) l.stride) l.before

(** val field : level list -> Integers.t **)

let rec field = function
| [] -> Integers.of_positive Integers.XH
| l :: levels0 ->
  Integers.add
    (Integers.mul
      (Integers.sub (field levels0) (Integers.of_positive Integers.XH))
      l.stride) l.kernel

(** val step : level list -> Integers.t **)

let rec step = function
| [] -> Integers.of_positive Integers.XH
| l :: levels0 -> Integers.mul (step levels0) l.stride

(** val positions : level list -> Integers.t -> Integers.t **)

let rec positions levels n0 =
  match levels with
  | [] -> n0
  | l :: levels0 -> positions levels0 (above l n0)

(** val defined_at : level list -> Integers.t -> bool **)

let rec defined_at levels n0 =
  (&&) (Integers.leb (Integers.of_positive Integers.XH) n0)
    (match levels with
     | [] -> true
     | l :: levels0 -> defined_at levels0 (above l n0))

(** val clip :
    Integers.t -> Integers.t -> Integers.t -> Integers.t * Integers.t **)

let clip b len n0 =
  let first = Integers.max Integers.zero (Integers.opp b) in
  let last = Integers.min len (Integers.sub n0 b) in
  if Integers.ltb first last
  then (first, last)
  else (Integers.zero, Integers.zero)

type signature_t = (Integers.t * Integers.t) list

(** val signature : level list -> Integers.t -> Integers.t -> signature_t **)

let rec signature levels n0 i =
  match levels with
  | [] -> []
  | l :: above_l ->
    (clip (start levels i) (field levels) n0) :: (signature above_l
                                                   (above l n0) i)

(** val ending : level list -> Integers.t -> Integers.t **)

let ending levels n0 =
  Integers.add
    (Integers.div
      (Integers.sub (Integers.sub n0 (start levels Integers.zero))
        (field levels)) (step levels)) (Integers.of_positive Integers.XH)

(** val unclipped : level list -> Integers.t -> Integers.t **)

let rec unclipped levels n0 =
  match levels with
  | [] -> ending [] n0
  | l :: above_l ->
    Integers.min (ending levels n0) (unclipped above_l (above l n0))

(** val first_inside : level list -> Integers.t **)

let rec first_inside levels = match levels with
| [] -> Integers.zero
| _ :: above_l ->
  Integers.max
    (Integers.opp (Integers.div (start levels Integers.zero) (step levels)))
    (first_inside above_l)

type sight_t = Integers.t * signature_t

(** val sight :
    level list -> Integers.t -> Integers.t -> Integers.t -> sight_t **)

let sight levels n0 w i =
  ((Integers.sub w (start levels i)), (signature levels n0 i))

(** val span : Integers.t -> Integers.t -> Integers.t list **)

let span first number =
  map (fun k -> Integers.add first ((fun n -> n) k))
    (seq Integers.zero (Integers.natural number))

(** val first_seeing :
    level list -> Integers.t -> Integers.t -> Integers.t **)

let first_seeing levels w size0 =
  Integers.opp
    (Integers.div
      (Integers.sub
        (Integers.sub
          (Integers.add (start levels Integers.zero) (field levels)) w) size0)
      (step levels))

(** val last_seeing : level list -> Integers.t -> Integers.t **)

let last_seeing levels w =
  Integers.div (Integers.sub w (start levels Integers.zero)) (step levels)

(** val seeing :
    level list -> Integers.t -> Integers.t -> Integers.t -> Integers.t list **)

let seeing levels n0 w size0 =
  let first = Integers.max Integers.zero (first_seeing levels w size0) in
  let last =
    Integers.min (last_seeing levels w)
      (Integers.sub (positions levels n0) (Integers.of_positive Integers.XH))
  in
  span first
    (Integers.add (Integers.sub last first) (Integers.of_positive
      Integers.XH))

(** val sights :
    level list -> Integers.t -> Integers.t -> Integers.t -> sight_t list **)

let sights levels n0 w size0 =
  map (sight levels n0 w) (seeing levels n0 w size0)

(** val apart : level list -> Integers.t -> Integers.t **)

let apart levels =
  let s = step levels in
  (fun shortest ->
  Integers.max Integers.zero
    (Integers.add (Integers.div (Integers.sub (field levels) shortest) s)
      (Integers.of_positive Integers.XH)))

(** val settledb :
    level list -> Integers.t -> Integers.t -> Integers.t -> bool **)

let settledb levels shortest longest n0 =
  (&&) (Integers.leb (Integers.add (step levels) longest) n0)
    (Integers.ltb
      (Integers.add (first_inside levels) (apart levels shortest))
      (unclipped levels n0))

(** val settle :
    level list -> Integers.t -> Integers.t -> Integers.t -> Integers.t ->
    Integers.t option **)

let rec settle levels shortest longest fuel n0 =
  Integers.nat_case
    (fun _ -> None)
    (fun fuel0 ->
    if settledb levels shortest longest n0
    then Some n0
    else settle levels shortest longest fuel0
           (Integers.add n0 (Integers.of_positive Integers.XH)))
    fuel

(** val settling_length :
    level list -> Integers.t -> Integers.t -> Integers.t option **)

let settling_length levels shortest longest =
  let n0 = Integers.add (step levels) longest in
  settle levels shortest longest
    (Integers.natural
      (Integers.mul (step levels)
        (Integers.add (Integers.of_positive (Integers.XO Integers.XH))
          (Integers.max Integers.zero
            (Integers.sub
              (Integers.add (first_inside levels) (apart levels shortest))
              (unclipped levels n0)))))) n0

(** val stands : level list -> Integers.t -> Integers.t -> Integers.t **)

let stands levels s n0 =
  if Integers.ltb n0 s
  then n0
  else Integers.add s (Integers.modulo (Integers.sub n0 s) (step levels))

(** val representatives :
    level list -> Integers.t -> Integers.t -> Integers.t -> Integers.t option
    -> Integers.t list option **)

let representatives levels shortest longest least most =
  match settling_length levels shortest longest with
  | Some s ->
    let last =
      Integers.sub (Integers.add (Integers.max least s) (step levels))
        (Integers.of_positive Integers.XH)
    in
    let last0 = match most with
                | Some m -> Integers.min last m
                | None -> last
    in
    Some
    (map (stands levels s)
      (span least
        (Integers.add (Integers.sub last0 least) (Integers.of_positive
          Integers.XH))))
  | None -> None

(** val kinds : level list -> Integers.t list -> signature_t list **)

let kinds levels reps =
  flat_map (fun n0 ->
    map (signature levels n0) (span Integers.zero (positions levels n0))) reps

(** val sight_classes :
    level list -> Integers.t -> Integers.t list -> sight_t list list **)

let sight_classes levels size0 reps =
  flat_map (fun n0 ->
    map (fun w -> sights levels n0 w size0)
      (span Integers.zero
        (Integers.add (Integers.sub n0 size0) (Integers.of_positive
          Integers.XH)))) reps

module NumbersOrder =
 struct
  type t = Integers.t

  (** val leb : Integers.t -> Integers.t -> bool **)

  let leb =
    Integers.leb
 end

module NumbersSort = Sort(NumbersOrder)

module Rounding =
 functor (Num:Numbers) ->
 struct
  (** val positive : Num.t -> bool **)

  let positive a =
    negb (Num.leb a Num.zero)

  (** val negative : Num.t -> bool **)

  let negative a =
    negb (Num.leb Num.zero a)

  (** val absolute : Num.t -> Num.t **)

  let absolute a =
    if Num.leb Num.zero a then a else Num.opp a

  (** val largest : Num.t -> Num.t -> Num.t **)

  let largest a b =
    if Num.leb a b then b else a

  type term = Integers.t * Num.t

  type form = { terms : term list; constant : Num.t }

  (** val terms : form -> term list **)

  let terms f =
    f.terms

  (** val constant : form -> Num.t **)

  let constant f =
    f.constant

  (** val nothing : form **)

  let nothing =
    { terms = []; constant = Num.zero }

  (** val just : Num.t -> form **)

  let just c =
    { terms = []; constant = c }

  (** val times : Num.t -> Integers.t -> form **)

  let times a v =
    { terms = ((v, a) :: []); constant = Num.zero }

  (** val add_terms : term list -> term list -> term list **)

  let rec add_terms a = match a with
  | [] -> (fun b -> b)
  | t0 :: a' ->
    let (v, p) = t0 in
    let rec inner b = match b with
    | [] -> a
    | t1 :: b' ->
      let (w, q) = t1 in
      (match Integers.compare v w with
       | Integers.Eq ->
         let s = Num.add p q in
         if Num.eqb s Num.zero
         then add_terms a' b'
         else (v, s) :: (add_terms a' b')
       | Integers.Lt -> (v, p) :: (add_terms a' b)
       | Integers.Gt -> (w, q) :: (inner b'))
    in inner

  (** val add : form -> form -> form **)

  let add f g =
    { terms = (add_terms (terms f) (terms g)); constant =
      (Num.add (constant f) (constant g)) }

  (** val scale : Num.t -> form -> form **)

  let scale a f =
    if Num.eqb a Num.zero
    then nothing
    else { terms = (map (fun p -> ((fst p), (Num.mul a (snd p)))) (terms f));
           constant = (Num.mul a (constant f)) }

  (** val minus : form -> form -> form **)

  let minus f g =
    add f (scale (Num.opp Num.one) g)

  (** val pairwise : form list -> form list **)

  let rec pairwise l = match l with
  | [] -> l
  | a :: l0 -> (match l0 with
                | [] -> l
                | b :: l1 -> (add a b) :: (pairwise l1))

  (** val halving : form list -> form list -> form **)

  let rec halving rounds l =
    match rounds with
    | [] ->
      (match l with
       | [] -> nothing
       | f :: l0 ->
         (match l0 with
          | [] -> f
          | _ :: _ -> fold_right add nothing l))
    | _ :: rounds0 ->
      (match l with
       | [] -> nothing
       | f :: l0 ->
         (match l0 with
          | [] -> f
          | _ :: _ -> halving rounds0 (pairwise l)))

  (** val total : form list -> form **)

  let total l =
    halving l l

  (** val divisor : form -> Num.t **)

  let divisor f =
    fold_left (fun g p -> if Num.eqb g Num.one then g else Num.gcd g (snd p))
      (terms f) (Num.gcd (constant f) Num.zero)

  (** val primitive : form -> form **)

  let primitive f =
    let g = divisor f in
    if Num.leb g Num.one
    then f
    else { terms = (map (fun p -> ((fst p), (Num.div (snd p) g))) (terms f));
           constant = (Num.div (constant f) g) }

  (** val same_terms : term list -> term list -> bool **)

  let rec same_terms a b =
    match a with
    | [] -> (match b with
             | [] -> true
             | _ :: _ -> false)
    | t0 :: a0 ->
      let (v, p) = t0 in
      (match b with
       | [] -> false
       | t1 :: b0 ->
         let (w, q) = t1 in
         (&&) ((&&) (Integers.eqb v w) (Num.eqb p q)) (same_terms a0 b0))

  type gate =
  | ReluOf of form
  | MaxOf of form * form list

  (** val gate_rect :
      (form -> 'a1) -> (form -> form list -> 'a1) -> gate -> 'a1 **)

  let gate_rect f f0 = function
  | ReluOf z0 -> f z0
  | MaxOf (z0, zs) -> f0 z0 zs

  (** val gate_rec :
      (form -> 'a1) -> (form -> form list -> 'a1) -> gate -> 'a1 **)

  let gate_rec f f0 = function
  | ReluOf z0 -> f z0
  | MaxOf (z0, zs) -> f0 z0 zs

  type node = { variable : Integers.t; node_scale : Num.t; node_gate : gate }

  (** val variable : node -> Integers.t **)

  let variable n0 =
    n0.variable

  (** val node_scale : node -> Num.t **)

  let node_scale n0 =
    n0.node_scale

  (** val node_gate : node -> gate **)

  let node_gate n0 =
    n0.node_gate

  (** val arguments : gate -> form list **)

  let arguments = function
  | ReluOf z0 -> z0 :: []
  | MaxOf (z0, zs) -> z0 :: zs

  (** val scaled : node -> form **)

  let scaled n0 =
    times (node_scale n0) (variable n0)

  (** val node_rows : node -> form list **)

  let node_rows n0 =
    let above0 =
      map (fun z0 -> primitive (minus (scaled n0) z0))
        (arguments (node_gate n0))
    in
    (match node_gate n0 with
     | ReluOf _ -> (times Num.one (variable n0)) :: above0
     | MaxOf (_, _) -> above0)

  type atom =
  | Contains of Integers.t
  | Exhibits of Integers.t * Integers.t
  | Chosen of Integers.t * Integers.t
  | Avoided of Integers.t

  (** val atom_rect :
      (Integers.t -> 'a1) -> (Integers.t -> Integers.t -> 'a1) -> (Integers.t
      -> Integers.t -> 'a1) -> (Integers.t -> 'a1) -> atom -> 'a1 **)

  let atom_rect f f0 f1 f2 = function
  | Contains f3 -> f f3
  | Exhibits (f3, t0) -> f0 f3 t0
  | Chosen (y, i) -> f1 y i
  | Avoided j -> f2 j

  (** val atom_rec :
      (Integers.t -> 'a1) -> (Integers.t -> Integers.t -> 'a1) -> (Integers.t
      -> Integers.t -> 'a1) -> (Integers.t -> 'a1) -> atom -> 'a1 **)

  let atom_rec f f0 f1 f2 = function
  | Contains f3 -> f f3
  | Exhibits (f3, t0) -> f0 f3 t0
  | Chosen (y, i) -> f1 y i
  | Avoided j -> f2 j

  type literal = bool * atom

  (** val negation : literal -> literal **)

  let negation l =
    ((negb (fst l)), (snd l))

  (** val literal_eq_dec : literal -> literal -> bool **)

  let literal_eq_dec a b =
    let (a0, b0) = a in
    let (a1, b1) = b in
    if bool_dec a0 a1
    then (match b0 with
          | Contains f ->
            (match b1 with
             | Contains f0 -> Integers.eqb f f0
             | _ -> false)
          | Exhibits (f, t0) ->
            (match b1 with
             | Exhibits (f0, t1) ->
               if Integers.eqb f f0 then Integers.eqb t0 t1 else false
             | _ -> false)
          | Chosen (y, i) ->
            (match b1 with
             | Chosen (y0, i0) ->
               if Integers.eqb y y0 then Integers.eqb i i0 else false
             | _ -> false)
          | Avoided j ->
            (match b1 with
             | Avoided j0 -> Integers.eqb j j0
             | _ -> false))
    else false

  type sequent = { size : Integers.t; before_nodes : form list;
                   nodes : node list; after_nodes : form list;
                   clauses : literal list list;
                   switched : (literal -> form list); goal : form }

  (** val size : sequent -> Integers.t **)

  let size s =
    s.size

  (** val before_nodes : sequent -> form list **)

  let before_nodes s =
    s.before_nodes

  (** val nodes : sequent -> node list **)

  let nodes s =
    s.nodes

  (** val after_nodes : sequent -> form list **)

  let after_nodes s =
    s.after_nodes

  (** val clauses : sequent -> literal list list **)

  let clauses s =
    s.clauses

  (** val switched : sequent -> literal -> form list **)

  let switched s =
    s.switched

  (** val goal : sequent -> form **)

  let goal s =
    s.goal

  (** val initial_rows : sequent -> form list **)

  let initial_rows s =
    app (before_nodes s) (app (flat_map node_rows (nodes s)) (after_nodes s))

  type combination = (Integers.t * Num.t) list

  type step =
  | Lin of combination
  | Sub of (Integers.t * Num.t) option * Integers.t * Num.t
     * (Integers.t * Num.t) list
  | Chord of Integers.t * Integers.t * Integers.t
  | Maxle of Integers.t * Num.t * (Integers.t * Num.t) option list

  (** val step_rect :
      (combination -> 'a1) -> ((Integers.t * Num.t) option -> Integers.t ->
      Num.t -> (Integers.t * Num.t) list -> 'a1) -> (Integers.t -> Integers.t
      -> Integers.t -> 'a1) -> (Integers.t -> Num.t -> (Integers.t * Num.t)
      option list -> 'a1) -> step -> 'a1 **)

  let step_rect f f0 f1 f2 = function
  | Lin rows -> f rows
  | Sub (premise, v, s0, others0) -> f0 premise v s0 others0
  | Chord (v, p, q) -> f1 v p q
  | Maxle (v, s0, premises) -> f2 v s0 premises

  (** val step_rec :
      (combination -> 'a1) -> ((Integers.t * Num.t) option -> Integers.t ->
      Num.t -> (Integers.t * Num.t) list -> 'a1) -> (Integers.t -> Integers.t
      -> Integers.t -> 'a1) -> (Integers.t -> Num.t -> (Integers.t * Num.t)
      option list -> 'a1) -> step -> 'a1 **)

  let step_rec f f0 f1 f2 = function
  | Lin rows -> f rows
  | Sub (premise, v, s0, others0) -> f0 premise v s0 others0
  | Chord (v, p, q) -> f1 v p q
  | Maxle (v, s0, premises) -> f2 v s0 premises

  type rule =
  | Have of form
  | Split of Integers.t
  | Cut of form
  | Choose of Integers.t
  | Qed of combination

  (** val rule_rect :
      (form -> 'a1) -> (Integers.t -> 'a1) -> (form -> 'a1) -> (Integers.t ->
      'a1) -> (combination -> 'a1) -> rule -> 'a1 **)

  let rule_rect f f0 f1 f2 f3 = function
  | Have lemma -> f lemma
  | Split v -> f0 v
  | Cut f4 -> f1 f4
  | Choose c -> f2 c
  | Qed rows -> f3 rows

  (** val rule_rec :
      (form -> 'a1) -> (Integers.t -> 'a1) -> (form -> 'a1) -> (Integers.t ->
      'a1) -> (combination -> 'a1) -> rule -> 'a1 **)

  let rule_rec f f0 f1 f2 f3 = function
  | Have lemma -> f lemma
  | Split v -> f0 v
  | Cut f4 -> f1 f4
  | Choose c -> f2 c
  | Qed rows -> f3 rows

  type line =
  | Step of step
  | Close of rule

  (** val line_rect : (step -> 'a1) -> (rule -> 'a1) -> line -> 'a1 **)

  let line_rect f f0 = function
  | Step s -> f s
  | Close r -> f0 r

  (** val line_rec : (step -> 'a1) -> (rule -> 'a1) -> line -> 'a1 **)

  let line_rec f f0 = function
  | Step s -> f s
  | Close r -> f0 r

  type proof = line list

  type task = { more : form list; assumes : literal list; wanted : form }

  (** val more : task -> form list **)

  let more t0 =
    t0.more

  (** val assumes : task -> literal list **)

  let assumes t0 =
    t0.assumes

  (** val wanted : task -> form **)

  let wanted t0 =
    t0.wanted

  type table = { next : Integers.t; entries : form PositiveMap.t }

  (** val next : table -> Integers.t **)

  let next t0 =
    t0.next

  (** val entries : table -> form PositiveMap.t **)

  let entries t0 =
    t0.entries

  (** val empty_table : table **)

  let empty_table =
    { next = Integers.zero; entries = PositiveMap.empty }

  (** val push : table -> form -> table **)

  let push rows f =
    { next = (Integers.succ (next rows)); entries =
      (PositiveMap.add (Integers.succ_pos (next rows)) f (entries rows)) }

  (** val push_all : table -> form list -> table **)

  let push_all rows fs =
    fold_left push fs rows

  (** val row : table -> Integers.t -> form option **)

  let row rows r =
    PositiveMap.find (Integers.succ_pos r) (entries rows)

  (** val node_table : node list -> node PositiveMap.t **)

  let node_table l =
    fold_right (fun n0 m ->
      PositiveMap.add (Integers.succ_pos (variable n0)) n0 m)
      PositiveMap.empty l

  (** val find_node : node PositiveMap.t -> Integers.t -> node option **)

  let find_node known0 v =
    PositiveMap.find (Integers.succ_pos v) known0

  (** val find_relu :
      node PositiveMap.t -> Integers.t -> (node * form) option **)

  let find_relu known0 v =
    match find_node known0 v with
    | Some n0 ->
      (match node_gate n0 with
       | ReluOf z0 -> Some (n0, z0)
       | MaxOf (_, _) -> None)
    | None -> None

  (** val multiples :
      table -> Integers.t -> combination -> form list option **)

  let rec multiples rows least = function
  | [] -> Some []
  | p :: l0 ->
    let (r, a) = p in
    if (&&) (Integers.leb least r) (positive a)
    then (match row rows r with
          | Some f ->
            (match multiples rows (Integers.succ r) l0 with
             | Some fs -> Some ((scale a f) :: fs)
             | None -> None)
          | None -> None)
    else None

  (** val combined : table -> combination -> form option **)

  let combined rows l =
    option_map total (multiples rows Integers.zero l)

  (** val premise_form :
      table -> (Integers.t * Num.t) option -> form option **)

  let premise_form rows = function
  | Some p0 ->
    let (r, a) = p0 in
    if positive a then option_map (scale a) (row rows r) else None
  | None -> Some nothing

  (** val by_lin : table -> combination -> form option **)

  let by_lin rows l = match l with
  | [] -> None
  | _ :: _ -> combined rows l

  (** val relu_sums :
      node PositiveMap.t -> Integers.t -> (Integers.t * Num.t) list -> (form
      list * form list) option **)

  let rec relu_sums known0 least = function
  | [] -> Some ([], [])
  | p :: l0 ->
    let (u, b) = p in
    if (&&) (Integers.leb least u) (positive b)
    then (match find_relu known0 u with
          | Some p0 ->
            let (n0, z0) = p0 in
            (match relu_sums known0 (Integers.succ u) l0 with
             | Some p1 ->
               let (zs, ys) = p1 in
               Some (((scale b z0) :: zs), ((scale b (scaled n0)) :: ys))
             | None -> None)
          | None -> None)
    else None

  (** val by_sub :
      node PositiveMap.t -> table -> (Integers.t * Num.t) option ->
      Integers.t -> Num.t -> (Integers.t * Num.t) list -> form option **)

  let by_sub known0 rows p v q others0 =
    match premise_form rows p with
    | Some premise ->
      (match find_relu known0 v with
       | Some p0 ->
         let (n0, z0) = p0 in
         (match relu_sums known0 Integers.zero others0 with
          | Some p1 ->
            let (zs, ys) = p1 in
            if positive q
            then let rest = minus premise (minus (total zs) (scale q z0)) in
                 (match terms rest with
                  | [] ->
                    Some
                      (add (minus (total ys) (scale q (scaled n0)))
                        (just (largest Num.zero (constant rest))))
                  | _ :: _ -> None)
            else None
          | None -> None)
       | None -> None)
    | None -> None

  (** val bound_of : form -> form -> bool -> (Num.t * Num.t) option **)

  let bound_of z0 f upper =
    match terms z0 with
    | [] -> None
    | t0 :: _ ->
      let (_, a) = t0 in
      (match terms f with
       | [] -> None
       | t1 :: _ ->
         let (_, c) = t1 in
         let a' = absolute a in
         let c' = absolute c in
         let turn = if upper then Num.opp else (fun x -> x) in
         if (&&) ((&&) (positive c') (positive a'))
              (same_terms (terms (scale a' f)) (terms (scale (turn c') z0)))
         then Some
                ((Num.add (Num.mul c' (constant z0))
                   (turn (Num.opp (Num.mul a' (constant f))))), c')
         else None)

  (** val by_chord :
      node PositiveMap.t -> table -> Integers.t -> Integers.t -> Integers.t
      -> form option **)

  let by_chord known0 rows v p q =
    match find_relu known0 v with
    | Some p0 ->
      let (n0, z0) = p0 in
      (match row rows p with
       | Some f ->
         (match row rows q with
          | Some g ->
            (match bound_of z0 f false with
             | Some p1 ->
               let (l, d) = p1 in
               (match bound_of z0 g true with
                | Some p2 ->
                  let (u, e) = p2 in
                  if (&&) (negative l) (positive u)
                  then let slope =
                         Num.add (Num.mul u d) (Num.opp (Num.mul l e))
                       in
                       Some
                       (add
                         (minus (scale (Num.mul u d) z0)
                           (scale slope (scaled n0)))
                         (just (Num.opp (Num.mul u l))))
                  else None
                | None -> None)
             | None -> None)
          | None -> None)
       | None -> None)
    | None -> None

  (** val upper_forms :
      table -> Num.t -> form list -> (Integers.t * Num.t) option list -> form
      list option **)

  let rec upper_forms rows q zs ps =
    match zs with
    | [] -> (match ps with
             | [] -> Some []
             | _ :: _ -> None)
    | z0 :: zs0 ->
      (match ps with
       | [] -> None
       | p :: ps0 ->
         (match premise_form rows p with
          | Some f ->
            (match upper_forms rows q zs0 ps0 with
             | Some fs -> Some ((add f (scale q z0)) :: fs)
             | None -> None)
          | None -> None))

  (** val by_maxle :
      node PositiveMap.t -> table -> Integers.t -> Num.t ->
      (Integers.t * Num.t) option list -> form option **)

  let by_maxle known0 rows v q ps =
    match find_node known0 v with
    | Some n0 ->
      (match node_gate n0 with
       | ReluOf _ -> None
       | MaxOf (z0, zs) ->
         (match upper_forms rows q (z0 :: zs) ps with
          | Some l ->
            (match l with
             | [] -> None
             | f :: fs ->
               if (&&) (positive q)
                    (forallb (fun g -> same_terms (terms f) (terms g)) fs)
               then let c =
                      fold_right (fun g c -> largest (constant g) c)
                        (constant f) fs
                    in
                    Some
                    (minus { terms = (terms f); constant = c }
                      (scale q (scaled n0)))
               else None)
          | None -> None))
    | None -> None

  (** val by_step : node PositiveMap.t -> table -> step -> form option **)

  let by_step known0 rows = function
  | Lin l -> by_lin rows l
  | Sub (p, v, q, others0) -> by_sub known0 rows p v q others0
  | Chord (v, p, q) -> by_chord known0 rows v p q
  | Maxle (v, q, ps) -> by_maxle known0 rows v q ps

  (** val split_cases : node -> form list list **)

  let split_cases n0 =
    let least = fun z0 -> primitive (minus z0 (scaled n0)) in
    (match node_gate n0 with
     | ReluOf z0 ->
       ((primitive z0) :: ((least z0) :: [])) :: (((primitive
                                                     (scale (Num.opp Num.one)
                                                       z0)) :: ((times
                                                                  (Num.opp
                                                                    Num.one)
                                                                  (variable
                                                                    n0)) :: [])) :: [])
     | MaxOf (z0, zs) -> map (fun z1 -> (least z1) :: []) (z0 :: zs))

  (** val assumed_in : literal -> literal list -> bool **)

  let assumed_in l assumed0 =
    existsb (fun k -> if literal_eq_dec l k then true else false) assumed0

  (** val choices :
      sequent -> literal list -> literal list -> form -> task list **)

  let choices s clause assumed0 goal0 =
    map (fun l -> { more =
      (if assumed_in l assumed0 then [] else switched s l); assumes =
      (l :: []); wanted = goal0 })
      (filter (fun l -> negb (assumed_in (negation l) assumed0)) clause)

  (** val closes : form -> form -> bool **)

  let closes f goal0 =
    match terms f with
    | [] ->
      (match terms goal0 with
       | [] ->
         (||) (negative (constant f)) (Num.leb Num.zero (constant goal0))
       | _ :: _ -> negative (constant f))
    | t0 :: _ ->
      let (_, a) = t0 in
      (match terms goal0 with
       | [] -> false
       | t1 :: _ ->
         let (_, b) = t1 in
         let a' = absolute a in
         let b' = absolute b in
         (&&)
           ((&&) ((&&) (positive a') (positive b'))
             (same_terms (terms (scale b' f)) (terms (scale a' goal0))))
           (Num.leb (Num.mul b' (constant f)) (Num.mul a' (constant goal0))))

  (** val ascending : sequent -> Integers.t -> term list -> bool **)

  let rec ascending s least = function
  | [] -> true
  | t0 :: l0 ->
    let (v, a) = t0 in
    (&&)
      ((&&) ((&&) (Integers.leb least v) (Integers.ltb v (size s)))
        (negb (Num.eqb a Num.zero))) (ascending s (Integers.succ v) l0)

  (** val written : sequent -> form -> form option **)

  let written s f =
    if ascending s Integers.zero (terms f) then Some (primitive f) else None

  (** val by_rule :
      sequent -> node PositiveMap.t -> table -> literal list -> form -> rule
      -> task list option **)

  let by_rule s known0 rows assumed0 goal0 = function
  | Have f ->
    option_map (fun lemma -> { more = []; assumes = []; wanted =
      lemma } :: ({ more = (lemma :: []); assumes = []; wanted =
      goal0 } :: [])) (written s f)
  | Split v ->
    (match find_node known0 v with
     | Some n0 ->
       Some
         (map (fun fs -> { more = fs; assumes = []; wanted = goal0 })
           (split_cases n0))
     | None -> None)
  | Cut f ->
    option_map (fun f0 -> { more = (f0 :: []); assumes = []; wanted =
      goal0 } :: ({ more = ((scale (Num.opp Num.one) f0) :: []); assumes =
      []; wanted = goal0 } :: [])) (written s f)
  | Choose c ->
    (match nth_error (clauses s) ((fun n -> n) c) with
     | Some clause -> Some (choices s clause assumed0 goal0)
     | None -> None)
  | Qed l ->
    (match combined rows l with
     | Some f -> if closes f goal0 then Some [] else None
     | None -> None)

  type branch = { given : table; assumed : literal list; aim : form }

  (** val given : branch -> table **)

  let given b =
    b.given

  (** val assumed : branch -> literal list **)

  let assumed b =
    b.assumed

  (** val aim : branch -> form **)

  let aim b =
    b.aim

  (** val opened : branch -> task -> branch **)

  let opened b t0 =
    { given = (push_all (given b) (more t0)); assumed =
      (app (assumes t0) (assumed b)); aim = (wanted t0) }

  (** val check_lines :
      sequent -> node PositiveMap.t -> proof -> branch -> branch list -> bool **)

  let rec check_lines s known0 p b open0 =
    match p with
    | [] -> false
    | l :: p0 ->
      (match l with
       | Step t0 ->
         (match by_step known0 (given b) t0 with
          | Some f ->
            check_lines s known0 p0 { given = (push (given b) (primitive f));
              assumed = (assumed b); aim = (aim b) } open0
          | None -> false)
       | Close r ->
         (match by_rule s known0 (given b) (assumed b) (aim b) r with
          | Some tasks ->
            (match app (map (opened b) tasks) open0 with
             | [] -> (match p0 with
                      | [] -> true
                      | _ :: _ -> false)
             | b0 :: open1 -> check_lines s known0 p0 b0 open1)
          | None -> false))

  (** val check : sequent -> proof -> bool **)

  let check s p =
    (&&) (forallb (fun n0 -> positive (node_scale n0)) (nodes s))
      (check_lines s (node_table (nodes s)) p { given =
        (push_all empty_table (initial_rows s)); assumed = []; aim =
        (goal s) } [])

  type ratio = { over : Num.t; under : Num.t }

  (** val over : ratio -> Num.t **)

  let over r =
    r.over

  (** val under : ratio -> Num.t **)

  let under r =
    r.under

  type stem_layer =
  | SConv of Integers.t * level * level
     * (((Integers.t * Integers.t) * Integers.t) * Num.t) list list
     * Num.t list * Num.t
  | SRelu
  | SMaxPool of level * level
  | SAvgPool of level * level

  (** val stem_layer_rect :
      (Integers.t -> level -> level ->
      (((Integers.t * Integers.t) * Integers.t) * Num.t) list list -> Num.t
      list -> Num.t -> 'a1) -> 'a1 -> (level -> level -> 'a1) -> (level ->
      level -> 'a1) -> stem_layer -> 'a1 **)

  let stem_layer_rect f f0 f1 f2 = function
  | SConv (inputs, down, across, taps, bias, unit0) ->
    f inputs down across taps bias unit0
  | SRelu -> f0
  | SMaxPool (down, across) -> f1 down across
  | SAvgPool (down, across) -> f2 down across

  (** val stem_layer_rec :
      (Integers.t -> level -> level ->
      (((Integers.t * Integers.t) * Integers.t) * Num.t) list list -> Num.t
      list -> Num.t -> 'a1) -> 'a1 -> (level -> level -> 'a1) -> (level ->
      level -> 'a1) -> stem_layer -> 'a1 **)

  let stem_layer_rec f f0 f1 f2 = function
  | SConv (inputs, down, across, taps, bias, unit0) ->
    f inputs down across taps bias unit0
  | SRelu -> f0
  | SMaxPool (down, across) -> f1 down across
  | SAvgPool (down, across) -> f2 down across

  type head_layer =
  | SDense of Integers.t * (Integers.t * Num.t) list list * Num.t list * Num.t
  | SDenseRelu

  (** val head_layer_rect :
      (Integers.t -> (Integers.t * Num.t) list list -> Num.t list -> Num.t ->
      'a1) -> 'a1 -> head_layer -> 'a1 **)

  let head_layer_rect f f0 = function
  | SDense (inputs, taps, bias, unit0) -> f inputs taps bias unit0
  | SDenseRelu -> f0

  (** val head_layer_rec :
      (Integers.t -> (Integers.t * Num.t) list list -> Num.t list -> Num.t ->
      'a1) -> 'a1 -> head_layer -> 'a1 **)

  let head_layer_rec f f0 = function
  | SDense (inputs, taps, bias, unit0) -> f inputs taps bias unit0
  | SDenseRelu -> f0

  type feature = { f_rows : Integers.t; f_columns : Integers.t;
                   f_gap : ratio; f_templates : (Num.t * Num.t) list list }

  (** val f_rows : feature -> Integers.t **)

  let f_rows f =
    f.f_rows

  (** val f_columns : feature -> Integers.t **)

  let f_columns f =
    f.f_columns

  (** val f_gap : feature -> ratio **)

  let f_gap f =
    f.f_gap

  (** val f_templates : feature -> (Num.t * Num.t) list list **)

  let f_templates f =
    f.f_templates

  type pool_kind =
  | PoolMax
  | PoolSum
  | PoolMean

  (** val pool_kind_rect : 'a1 -> 'a1 -> 'a1 -> pool_kind -> 'a1 **)

  let pool_kind_rect f f0 f1 = function
  | PoolMax -> f
  | PoolSum -> f0
  | PoolMean -> f1

  (** val pool_kind_rec : 'a1 -> 'a1 -> 'a1 -> pool_kind -> 'a1 **)

  let pool_kind_rec f f0 f1 = function
  | PoolMax -> f
  | PoolSum -> f0
  | PoolMean -> f1

  type statement = { least_height : Integers.t; least_width : Integers.t;
                     most_height : Integers.t option;
                     most_width : Integers.t option; margin : ratio;
                     grid : Num.t; channels : Integers.t; dark : Num.t;
                     bright : Num.t; bytes : bool; features : feature list;
                     classes : class0 list; stem : stem_layer list;
                     pool : pool_kind; head : head_layer list }

  (** val least_height : statement -> Integers.t **)

  let least_height s =
    s.least_height

  (** val least_width : statement -> Integers.t **)

  let least_width s =
    s.least_width

  (** val most_height : statement -> Integers.t option **)

  let most_height s =
    s.most_height

  (** val most_width : statement -> Integers.t option **)

  let most_width s =
    s.most_width

  (** val margin : statement -> ratio **)

  let margin s =
    s.margin

  (** val grid : statement -> Num.t **)

  let grid s =
    s.grid

  (** val channels : statement -> Integers.t **)

  let channels s =
    s.channels

  (** val dark : statement -> Num.t **)

  let dark s =
    s.dark

  (** val bright : statement -> Num.t **)

  let bright s =
    s.bright

  (** val bytes : statement -> bool **)

  let bytes s =
    s.bytes

  (** val features : statement -> feature list **)

  let features s =
    s.features

  (** val classes : statement -> class0 list **)

  let classes s =
    s.classes

  (** val stem : statement -> stem_layer list **)

  let stem s =
    s.stem

  (** val pool : statement -> pool_kind **)

  let pool s =
    s.pool

  (** val head : statement -> head_layer list **)

  let head s =
    s.head

  (** val all : 'a1 option list -> 'a1 list option **)

  let rec all = function
  | [] -> Some []
  | o :: l0 ->
    (match o with
     | Some a -> (match all l0 with
                  | Some l1 -> Some (a :: l1)
                  | None -> None)
     | None -> None)

  (** val bind : 'a1 option -> ('a1 -> 'a2 option) -> 'a2 option **)

  let bind a f =
    match a with
    | Some a0 -> f a0
    | None -> None

  (** val strictly_sorted : ('a1 -> 'a1 -> bool) -> 'a1 list -> bool **)

  let rec strictly_sorted less = function
  | [] -> true
  | a :: m ->
    (match m with
     | [] -> true
     | b :: _ -> (&&) (less a b) (strictly_sorted less m))

  (** val of_positive : Integers.positive -> Num.t **)

  let rec of_positive = function
  | Integers.XI p0 ->
    let n0 = of_positive p0 in Num.add Num.one (Num.add n0 n0)
  | Integers.XO p0 -> let n0 = of_positive p0 in Num.add n0 n0
  | Integers.XH -> Num.one

  (** val of_Z : Integers.t -> Num.t **)

  let of_Z z0 =
    Integers.z_case
      (fun _ -> Num.zero)
      (fun p -> of_positive p)
      (fun p -> Num.opp (of_positive p))
      z0

  (** val fits_ratio : ratio -> bool **)

  let fits_ratio r =
    positive (under r)

  type quotient = { top : form; below : Num.t }

  (** val top : quotient -> form **)

  let top q =
    q.top

  (** val below : quotient -> Num.t **)

  let below q =
    q.below

  (** val variable_quotient : Integers.t -> quotient **)

  let variable_quotient v =
    { top = (times Num.one v); below = Num.one }

  (** val lcm : Num.t -> Num.t -> Num.t **)

  let lcm a b =
    Num.mul a (Num.div b (Num.gcd a b))

  (** val common : quotient list -> Num.t **)

  let common l =
    fold_right (fun q d -> lcm (below q) d) Num.one l

  (** val over_common : Num.t -> quotient -> form option **)

  let over_common d q =
    let m = Num.div d (below q) in
    if Num.eqb (Num.mul m (below q)) d then Some (scale m (top q)) else None

  (** val combine :
      (Num.t * quotient) list -> Num.t -> Num.t -> quotient option **)

  let combine parts c q =
    let d = common (map snd parts) in
    bind
      (all
        (map (fun p -> option_map (scale (fst p)) (over_common d (snd p)))
          parts)) (fun fs ->
      if (&&) (positive d) (positive q)
      then Some { top = (add (total fs) (just (Num.mul d c))); below =
             (Num.mul q d) }
      else None)

  (** val bounded : quotient -> bool -> ratio -> form **)

  let bounded q upper r =
    let f =
      minus (scale (under r) (top q)) (just (Num.mul (over r) (below q)))
    in
    primitive (if upper then scale (Num.opp Num.one) f else f)

  type state = { count : Integers.t; gates : node list }

  (** val count : state -> Integers.t **)

  let count s =
    s.count

  (** val gates : state -> node list **)

  let gates s =
    s.gates

  (** val shared : Num.t -> form list -> Num.t **)

  let shared d fs =
    fold_left (fun g f -> Num.gcd g (divisor f)) fs d

  (** val shorten : Num.t -> form -> form **)

  let shorten g f =
    { terms = (map (fun p -> ((fst p), (Num.div (snd p) g))) (terms f));
      constant = (Num.div (constant f) g) }

  (** val shortened : Num.t -> form list -> Num.t * form list **)

  let shortened d fs =
    let g = shared d fs in
    if Num.leb g Num.one
    then (d, fs)
    else ((Num.div d g), (map (shorten g) fs))

  (** val is_constant : form -> bool **)

  let is_constant f =
    match terms f with
    | [] -> true
    | _ :: _ -> false

  (** val maximum_of :
      bool -> quotient list -> state -> (quotient * state) option **)

  let maximum_of relu parts s =
    let d = common parts in
    bind (all (map (over_common d) parts)) (fun fs ->
      if positive d
      then let (e, l) = shortened d fs in
           (match l with
            | [] -> None
            | z0 :: zs ->
              if (&&) relu (negb (match zs with
                                  | [] -> true
                                  | _ :: _ -> false))
              then None
              else if forallb is_constant (z0 :: zs)
                   then let c =
                          if relu
                          then largest Num.zero (constant z0)
                          else fold_right (fun f c -> largest (constant f) c)
                                 (constant z0) zs
                        in
                        Some ({ top = (just c); below = e }, s)
                   else let v = count s in
                        Some ((variable_quotient v), { count =
                        (Integers.succ v); gates = ({ variable = v;
                        node_scale = e; node_gate =
                        (if relu then ReluOf z0 else MaxOf (z0, zs)) } :: 
                        (gates s)) }))
      else None)

  type place = (Integers.t * Integers.t) * Integers.t

  (** val place_eqb : place -> place -> bool **)

  let place_eqb p q =
    let (p0, c) = p in
    let (k, r) = p0 in
    let (p1, d) = q in
    let (l, s) = p1 in
    (&&) ((&&) (Integers.eqb k l) (Integers.eqb r s)) (Integers.eqb c d)

  (** val key : place -> Integers.t **)

  let key = function
  | (p0, c) ->
    let (k, r) = p0 in
    Integers.add
      (Integers.mul
        (Integers.add
          (Integers.mul k (Integers.of_positive (Integers.XO (Integers.XO
            (Integers.XO (Integers.XO (Integers.XO (Integers.XO (Integers.XO
            (Integers.XO (Integers.XO Integers.XH)))))))))))
          (Integers.natural r)) (Integers.of_positive (Integers.XO
        (Integers.XO (Integers.XO (Integers.XO (Integers.XO (Integers.XO
        (Integers.XO (Integers.XO (Integers.XO Integers.XH)))))))))))
      (Integers.natural c)

  (** val place_of : Integers.t -> place **)

  let place_of n0 =
    (((Integers.div n0 (Integers.of_positive (Integers.XO (Integers.XO
        (Integers.XO (Integers.XO (Integers.XO (Integers.XO (Integers.XO
        (Integers.XO (Integers.XO (Integers.XO (Integers.XO (Integers.XO
        (Integers.XO (Integers.XO (Integers.XO (Integers.XO (Integers.XO
        (Integers.XO Integers.XH)))))))))))))))))))),
      ((fun n -> n)
        (Integers.modulo
          (Integers.div n0 (Integers.of_positive (Integers.XO (Integers.XO
            (Integers.XO (Integers.XO (Integers.XO (Integers.XO (Integers.XO
            (Integers.XO (Integers.XO Integers.XH)))))))))))
          (Integers.of_positive (Integers.XO (Integers.XO (Integers.XO
          (Integers.XO (Integers.XO (Integers.XO (Integers.XO (Integers.XO
          (Integers.XO Integers.XH))))))))))))),
      ((fun n -> n)
        (Integers.modulo n0 (Integers.of_positive (Integers.XO (Integers.XO
          (Integers.XO (Integers.XO (Integers.XO (Integers.XO (Integers.XO
          (Integers.XO (Integers.XO Integers.XH)))))))))))))

  (** val without_repeats : Integers.t list -> Integers.t list **)

  let rec without_repeats l = match l with
  | [] -> l
  | a :: m ->
    (match m with
     | [] -> l
     | b :: _ ->
       if Integers.eqb a b
       then without_repeats m
       else a :: (without_repeats m))

  (** val sorted : place list -> place list **)

  let sorted l =
    map place_of (without_repeats (NumbersSort.sort (map key l)))

  type known = (place * quotient) PositiveMap.t

  (** val nothing_known : known **)

  let nothing_known =
    PositiveMap.empty

  (** val find_place : known -> place -> quotient option **)

  let find_place m p =
    match PositiveMap.find (Integers.succ_pos (key p)) m with
    | Some p0 -> let (q, f) = p0 in if place_eqb q p then Some f else None
    | None -> None

  (** val add_place : place -> quotient -> known -> known **)

  let add_place p q m =
    PositiveMap.add (Integers.succ_pos (key p)) (p, q) m

  (** val weighted : known -> (Integers.t * Num.t) list -> quotient option **)

  let weighted m weights =
    bind
      (all
        (map (fun w ->
          option_map (fun x -> ((snd w), x))
            (find_place m (((fst w), Integers.zero), Integers.zero))) weights))
      (fun parts -> combine parts Num.zero Num.one)

  (** val alone : Integers.t -> (Integers.t * Num.t) list **)

  let alone k =
    (k, Num.one) :: []

  type clip_t = Integers.t * Integers.t

  (** val here : clip_t -> Integers.t -> bool **)

  let here c r =
    (&&) (Integers.leb (fst c) r) (Integers.ltb r (snd c))

  type view = { row_clip : clip_t; column_clip : clip_t;
                row_field : Integers.t; column_field : Integers.t }

  (** val row_clip : view -> clip_t **)

  let row_clip v =
    v.row_clip

  (** val column_clip : view -> clip_t **)

  let column_clip v =
    v.column_clip

  (** val row_field : view -> Integers.t **)

  let row_field v =
    v.row_field

  (** val column_field : view -> Integers.t **)

  let column_field v =
    v.column_field

  (** val in_field : view -> place -> bool **)

  let in_field w = function
  | (p0, c) ->
    let (_, r) = p0 in
    (&&)
      ((&&)
        ((&&) (Integers.leb Integers.zero r) (Integers.ltb r (row_field w)))
        (Integers.leb Integers.zero c)) (Integers.ltb c (column_field w))

  (** val exists_in : view -> place -> bool **)

  let exists_in w = function
  | (p0, c) ->
    let (_, r) = p0 in (&&) (here (row_clip w) r) (here (column_clip w) c)

  (** val gather :
      view -> known -> (Num.t * place) list -> (Num.t * quotient) list option **)

  let rec gather w m = function
  | [] -> Some []
  | p0 :: l0 ->
    let (a, p) = p0 in
    if in_field w p
    then if exists_in w p
         then bind (find_place m p) (fun q ->
                option_map (fun x -> (a, q) :: x) (gather w m l0))
         else gather w m l0
    else None

  (** val row_levels_of : stem_layer -> level list **)

  let row_levels_of = function
  | SConv (_, d, _, _, _, _) -> d :: []
  | SRelu -> []
  | SMaxPool (d, _) -> d :: []
  | SAvgPool (d, _) -> d :: []

  (** val column_levels_of : stem_layer -> level list **)

  let column_levels_of = function
  | SConv (_, _, a, _, _, _) -> a :: []
  | SRelu -> []
  | SMaxPool (_, a) -> a :: []
  | SAvgPool (_, a) -> a :: []

  (** val row_levels : stem_layer list -> level list **)

  let row_levels l =
    flat_map row_levels_of l

  (** val column_levels : stem_layer list -> level list **)

  let column_levels l =
    flat_map column_levels_of l

  (** val corner : level -> level -> place -> Integers.t * Integers.t **)

  let corner down across = function
  | (p0, c) ->
    let (_, r) = p0 in
    ((Integers.mul r down.stride), (Integers.mul c across.stride))

  (** val window_cells : level -> level -> place -> (Num.t * place) list **)

  let window_cells down across = function
  | (p0, c) ->
    let (k, r) = p0 in
    map (fun o -> (Num.one, ((k,
      (Integers.add (Integers.mul r down.stride) (fst o))),
      (Integers.add (Integers.mul c across.stride) (snd o)))))
      (list_prod (span Integers.zero down.kernel)
        (span Integers.zero across.kernel))

  (** val window_taps :
      level -> level -> (((Integers.t * Integers.t) * Integers.t) * Num.t)
      list -> place -> (Num.t * place) list **)

  let window_taps down across taps = function
  | (p0, c) ->
    let (_, r) = p0 in
    map (fun t0 ->
      let (y, w) = t0 in
      let (y0, j) = y in
      let (k, i) = y0 in
      (w, ((k, (Integers.add (Integers.mul r down.stride) i)),
      (Integers.add (Integers.mul c across.stride) j)))) taps

  (** val channel_of : place -> Integers.t **)

  let channel_of p =
    (fun n -> n) (fst (fst p))

  (** val sources : stem_layer -> place -> (Num.t * place) list **)

  let sources l p =
    match l with
    | SConv (_, d, a, taps, _, _) ->
      window_taps d a (nth (channel_of p) taps []) p
    | SRelu -> (Num.one, p) :: []
    | SMaxPool (d, a) -> window_cells d a p
    | SAvgPool (d, a) -> window_cells d a p

  (** val cells_number : level -> level -> Num.t **)

  let cells_number down across =
    of_Z (Integers.mul down.kernel across.kernel)

  (** val layer_place :
      stem_layer -> view -> known -> place -> state -> (quotient * state)
      option **)

  let layer_place l w m p s =
    match l with
    | SConv (_, _, _, _, bias, u) ->
      bind (gather w m (sources l p)) (fun parts ->
        option_map (fun q -> (q, s))
          (combine parts (nth (channel_of p) bias Num.zero) u))
    | SRelu -> bind (find_place m p) (fun q -> maximum_of true (q :: []) s)
    | SMaxPool (_, _) ->
      bind (gather w m (sources l p)) (fun parts ->
        maximum_of false (map snd parts) s)
    | SAvgPool (d, a) ->
      bind (gather w m (sources l p)) (fun parts ->
        option_map (fun q -> (q, s))
          (combine parts Num.zero (cells_number d a)))

  (** val places :
      (place -> state -> (quotient * state) option) -> place list -> known ->
      state -> (known * state) option **)

  let rec places compute l m s =
    match l with
    | [] -> Some (m, s)
    | p :: l0 ->
      bind (compute p s) (fun qs ->
        places compute l0 (add_place p (fst qs) m) (snd qs))

  (** val view_of : stem_layer list -> signature_t -> signature_t -> view **)

  let view_of l rs cs =
    { row_clip = (hd (Integers.zero, Integers.zero) rs); column_clip =
      (hd (Integers.zero, Integers.zero) cs); row_field =
      (field (row_levels l)); column_field = (field (column_levels l)) }

  (** val after_layer : stem_layer -> signature_t -> signature_t **)

  let after_layer l s =
    match l with
    | SRelu -> s
    | _ -> tl s

  (** val unroll :
      stem_layer list -> signature_t -> signature_t -> place list list ->
      known -> state -> (known * state) option **)

  let rec unroll l rs cs needed m s =
    match l with
    | [] -> Some (m, s)
    | a :: l' ->
      (match needed with
       | [] -> None
       | outs :: needed0 ->
         bind
           (places (layer_place a (view_of l rs cs) m) outs nothing_known s)
           (fun ms ->
           unroll l' (after_layer a rs) (after_layer a cs) needed0 (fst ms)
             (snd ms)))

  (** val needs :
      stem_layer list -> signature_t -> signature_t -> place list -> place
      list list **)

  let rec needs l rs cs outs =
    match l with
    | [] -> outs :: []
    | a :: l' ->
      (match needs l' (after_layer a rs) (after_layer a cs) outs with
       | [] -> []
       | first :: more0 ->
         (sorted
           (filter (fun p ->
             match a with
             | SRelu -> true
             | _ -> exists_in (view_of l rs cs) p)
             (flat_map (fun p -> map snd (sources a p)) first))) :: (first :: more0))

  type seen_window = ((Integers.t * Integers.t) * Integers.t) * Integers.t

  (** val find_template :
      statement -> Integers.t -> Integers.t -> (feature * (Num.t * Num.t)
      list) option **)

  let find_template st f t0 =
    bind (nth_error (features st) f) (fun g ->
      option_map (fun x -> (g, x)) (nth_error (f_templates g) t0))

  (** val window_places :
      statement -> feature -> Integers.t -> Integers.t -> place list **)

  let window_places st g r s =
    flat_map (fun k ->
      flat_map (fun i ->
        map (fun j -> ((k, (Integers.add r i)), (Integers.add s j)))
          (span Integers.zero (f_columns g))) (span Integers.zero (f_rows g)))
      (map (fun n -> n) (seq Integers.zero ((fun n -> n) (channels st))))

  (** val entry :
      feature -> (Num.t * Num.t) list -> Integers.t -> Integers.t ->
      Integers.t -> (Num.t * Num.t) option **)

  let entry g box k i j =
    nth_error box
      (Integers.natural
        (Integers.add
          (Integers.mul
            (Integers.add (Integers.mul ((fun n -> n) k) (f_rows g)) i)
            (f_columns g)) j))

  (** val ends :
      statement -> seen_window option -> place -> (Num.t * Num.t) option **)

  let ends st inside p =
    match inside with
    | Some s0 ->
      let (p0, s) = s0 in
      let (p1, r) = p0 in
      let (f, t0) = p1 in
      let (p2, j) = p in
      let (k, i) = p2 in
      bind (find_template st f t0) (fun gb ->
        let g = fst gb in
        if (&&)
             ((&&)
               ((&&) (Integers.leb r i)
                 (Integers.ltb i (Integers.add r (f_rows g))))
               (Integers.leb s j))
             (Integers.ltb j (Integers.add s (f_columns g)))
        then entry g (snd gb) k (Integers.sub i r) (Integers.sub j s)
        else Some ((dark st), (bright st)))
    | None -> Some ((dark st), (bright st))

  (** val read_pixel : statement -> quotient -> quotient option **)

  let read_pixel st q =
    if bytes st
    then let c =
           of_Z (Integers.of_positive (Integers.XI (Integers.XI (Integers.XI
             (Integers.XI (Integers.XI (Integers.XI (Integers.XI
             Integers.XH))))))))
         in
         combine (((Num.mul c (grid st)), q) :: [])
           (Num.opp (Num.mul c (dark st)))
           (Num.add (bright st) (Num.opp (dark st)))
    else Some q

  (** val allocate :
      statement -> view -> seen_window option -> place list -> known -> known
      -> state -> ((((known * known) * form list) * (Num.t * Num.t)
      list) * state) option **)

  let rec allocate st w inside l raw reads s =
    match l with
    | [] -> Some ((((raw, reads), []), []), s)
    | p :: l0 ->
      if (&&)
           ((&&) (Integers.ltb (fst (fst p)) (channels st)) (in_field w p))
           (exists_in w p)
      then let q = variable_quotient (count s) in
           bind (ends st inside p) (fun ab ->
             bind (read_pixel st q) (fun read ->
               bind
                 (allocate st w inside l0 (add_place p q raw)
                   (add_place p read reads) { count =
                   (Integers.succ (count s)); gates = (gates s) })
                 (fun found ->
                 let (p0, s0) = found in
                 let (p1, boxes) = p0 in
                 let (p2, rows) = p1 in
                 let (raw0, reads0) = p2 in
                 Some ((((raw0, reads0),
                 ((bounded q false { over = (fst ab); under = (grid st) }) :: (
                 (bounded q true { over = (snd ab); under = (grid st) }) :: rows))),
                 (ab :: boxes)), s0))))
      else None

  (** val strictly_below : Num.t -> Num.t -> bool **)

  let strictly_below a b =
    negb (Num.leb b a)

  (** val excess_terms :
      statement -> quotient -> (Num.t * Num.t) -> state -> (quotient
      list * state) option **)

  let excess_terms st q ab s =
    bind
      (if strictly_below (snd ab) (bright st)
       then bind
              (combine (((grid st), q) :: []) (Num.opp (snd ab)) (grid st))
              (fun z0 ->
              option_map (fun qs -> (((fst qs) :: []), (snd qs)))
                (maximum_of true (z0 :: []) s))
       else Some ([], s)) (fun upper ->
      bind
        (if strictly_below (dark st) (fst ab)
         then bind
                (combine (((Num.opp (grid st)), q) :: []) (fst ab) (grid st))
                (fun z0 ->
                option_map (fun qs -> (((fst qs) :: []), (snd qs)))
                  (maximum_of true (z0 :: []) (snd upper)))
         else Some ([], (snd upper))) (fun lower -> Some
        ((app (fst upper) (fst lower)), (snd lower))))

  (** val window_terms :
      statement -> known -> feature -> (Num.t * Num.t) list -> Integers.t ->
      Integers.t -> place list -> state -> (quotient list * state) option **)

  let rec window_terms st raw g box r c l s =
    match l with
    | [] -> Some ([], s)
    | p :: l0 ->
      let (p0, j) = p in
      let (k, i) = p0 in
      bind (find_place raw p) (fun q ->
        bind (entry g box k (Integers.sub i r) (Integers.sub j c)) (fun ab ->
          bind (excess_terms st q ab s) (fun first ->
            bind (window_terms st raw g box r c l0 (snd first)) (fun more0 ->
              Some ((app (fst first) (fst more0)), (snd more0))))))

  (** val window_exists :
      view -> feature -> Integers.t -> Integers.t -> bool **)

  let window_exists w g r s =
    (&&)
      ((&&)
        ((&&) (Integers.leb (fst (row_clip w)) r)
          (Integers.leb (Integers.add r (f_rows g)) (snd (row_clip w))))
        (Integers.leb (fst (column_clip w)) s))
      (Integers.leb (Integers.add s (f_columns g)) (snd (column_clip w)))

  (** val clear_rows :
      statement -> view -> known -> seen_window list -> state -> (form
      list * state) option **)

  let rec clear_rows st w raw l s =
    match l with
    | [] -> Some ([], s)
    | s0 :: l0 ->
      let (p, c) = s0 in
      let (p0, r) = p in
      let (f, t0) = p0 in
      bind (find_template st f t0) (fun gb ->
        if window_exists w (fst gb) r c
        then bind
               (window_terms st raw (fst gb) (snd gb) r c
                 (window_places st (fst gb) r c) s) (fun found ->
               bind
                 (combine (map (fun x -> (Num.one, x)) (fst found)) Num.zero
                   Num.one) (fun excess ->
                 bind (clear_rows st w raw l0 (snd found)) (fun more0 -> Some
                   (((bounded excess false (f_gap (fst gb))) :: (fst more0)),
                   (snd more0)))))
        else None)

  type local = { local_boxes : (Num.t * Num.t) list;
                 local_before : form list; local_state : state;
                 local_after : form list; local_value : quotient }

  (** val local_boxes : local -> (Num.t * Num.t) list **)

  let local_boxes l =
    l.local_boxes

  (** val local_before : local -> form list **)

  let local_before l =
    l.local_before

  (** val local_state : local -> state **)

  let local_state l =
    l.local_state

  (** val local_after : local -> form list **)

  let local_after l =
    l.local_after

  (** val local_value : local -> quotient **)

  let local_value l =
    l.local_value

  (** val axis_levels : level list -> level list **)

  let axis_levels l = match l with
  | [] ->
    { kernel = (Integers.of_positive Integers.XH); stride =
      (Integers.of_positive Integers.XH); before = Integers.zero; after =
      Integers.zero } :: []
  | _ :: _ -> l

  (** val row_axis : statement -> level list **)

  let row_axis st =
    axis_levels (row_levels (stem st))

  (** val column_axis : statement -> level list **)

  let column_axis st =
    axis_levels (column_levels (stem st))

  (** val image_view : statement -> signature_t -> signature_t -> view **)

  let image_view st rs cs =
    { row_clip = (hd (Integers.zero, Integers.zero) rs); column_clip =
      (hd (Integers.zero, Integers.zero) cs); row_field =
      (field (row_axis st)); column_field = (field (column_axis st)) }

  (** val local_at :
      statement -> (Integers.t * Num.t) list -> signature_t -> signature_t ->
      seen_window list -> seen_window option -> local option **)

  let local_at st weights rs cs clear inside =
    let w = image_view st rs cs in
    (match needs (stem st) rs cs
             (map (fun w0 -> (((fst w0), Integers.zero), Integers.zero))
               weights) with
     | [] -> None
     | inputs :: needed ->
       let more0 =
         flat_map (fun c ->
           let (y, s) = c in
           let (y0, r) = y in
           let (f, t0) = y0 in
           (match find_template st f t0 with
            | Some p -> let (g, _) = p in window_places st g r s
            | None -> [])) clear
       in
       bind
         (allocate st w inside (sorted (app inputs more0)) nothing_known
           nothing_known { count = Integers.zero; gates = [] }) (fun found ->
         let (p, s) = found in
         let (p0, boxes) = p in
         let (p1, rows) = p0 in
         let (raw, reads) = p1 in
         bind (unroll (stem st) rs cs needed reads s) (fun ms ->
           bind (weighted (fst ms) weights) (fun value ->
             bind (clear_rows st w raw clear (snd ms)) (fun after0 -> Some
               { local_boxes = boxes; local_before = rows; local_state =
               (snd after0); local_after = (fst after0); local_value =
               value })))))

  (** val check_local :
      statement -> (Integers.t * Num.t) list -> signature_t -> signature_t ->
      seen_window list -> seen_window option -> bool -> ratio -> proof -> bool **)

  let check_local st weights rs cs clear inside upper r p =
    match local_at st weights rs cs clear inside with
    | Some l ->
      (&&) (fits_ratio r)
        (check { size = (count (local_state l)); before_nodes =
          (local_before l); nodes = (List.rev (gates (local_state l)));
          after_nodes = (local_after l); clauses = []; switched = (fun _ ->
          []); goal = (bounded (local_value l) upper r) } p)
    | None -> false

  type intervals = (Num.t * Num.t) PositiveMap.t

  (** val set_interval :
      Integers.t -> (Num.t * Num.t) -> intervals -> intervals **)

  let set_interval v ab m =
    PositiveMap.add (Integers.succ_pos v) ab m

  (** val interval_of : Integers.t -> intervals -> (Num.t * Num.t) option **)

  let interval_of v m =
    PositiveMap.find (Integers.succ_pos v) m

  (** val terms_interval :
      intervals -> term list -> (Num.t * Num.t) option **)

  let rec terms_interval m = function
  | [] -> Some (Num.zero, Num.zero)
  | t0 :: l0 ->
    let (v, c) = t0 in
    (match interval_of v m with
     | Some p ->
       let (a, b) = p in
       (match terms_interval m l0 with
        | Some p0 ->
          let (low, high) = p0 in
          if Num.leb Num.zero c
          then Some ((Num.add (Num.mul c a) low),
                 (Num.add (Num.mul c b) high))
          else Some ((Num.add (Num.mul c b) low),
                 (Num.add (Num.mul c a) high))
        | None -> None)
     | None -> None)

  (** val form_interval :
      Num.t -> intervals -> form -> Num.t -> (Num.t * Num.t) option **)

  let form_interval fine m f d =
    option_map (fun ab ->
      let k = Num.mul (constant f) fine in
      ((Num.div (Num.add (fst ab) k) d),
      (Num.opp (Num.div (Num.opp (Num.add (snd ab) k)) d))))
      (terms_interval m (terms f))

  (** val larger : (Num.t * Num.t) -> (Num.t * Num.t) -> Num.t * Num.t **)

  let larger a b =
    ((largest (fst a) (fst b)), (largest (snd a) (snd b)))

  (** val node_interval :
      Num.t -> intervals -> node -> (Num.t * Num.t) option **)

  let node_interval fine m n0 =
    match node_gate n0 with
    | ReluOf z0 ->
      option_map (larger (Num.zero, Num.zero))
        (form_interval fine m z0 (node_scale n0))
    | MaxOf (z0, zs) ->
      (match form_interval fine m z0 (node_scale n0) with
       | Some ab ->
         (match all
                  (map (fun z1 -> form_interval fine m z1 (node_scale n0)) zs) with
          | Some l -> Some (fold_right larger ab l)
          | None -> None)
       | None -> None)

  (** val node_intervals :
      Num.t -> intervals -> node list -> intervals option **)

  let rec node_intervals fine m = function
  | [] -> Some m
  | n0 :: l0 ->
    bind (node_interval fine m n0) (fun ab ->
      node_intervals fine (set_interval (variable n0) ab m) l0)

  (** val pixel_intervals :
      Num.t -> Integers.t -> (Num.t * Num.t) list -> intervals **)

  let rec pixel_intervals factor v = function
  | [] -> PositiveMap.empty
  | p :: l0 ->
    let (a, b) = p in
    set_interval v ((Num.mul a factor), (Num.mul b factor))
      (pixel_intervals factor (Integers.succ v) l0)

  (** val fine_grid : statement -> Num.t **)

  let fine_grid st =
    fold_left (fun n0 l ->
      Num.mul n0
        (match l with
         | SConv (_, _, _, _, _, u) -> u
         | SAvgPool (d, a) -> cells_number d a
         | _ -> Num.one)) (stem st)
      (Num.mul (grid st) (Num.add (bright st) (Num.opp (dark st))))

  (** val interval_gives :
      Num.t -> (Num.t * Num.t) -> bool -> ratio -> bool **)

  let interval_gives fine ab upper r =
    (&&) (fits_ratio r)
      (if upper
       then Num.leb (Num.mul (snd ab) (under r)) (Num.mul (over r) fine)
       else Num.leb (Num.mul (over r) fine) (Num.mul (fst ab) (under r)))

  (** val circuit_intervals :
      statement -> (Num.t * Num.t) list -> node list -> intervals option **)

  let circuit_intervals st boxes nodes0 =
    let fine = fine_grid st in
    let factor = Num.div fine (grid st) in
    if (&&) ((&&) (positive fine) (Num.eqb (Num.mul factor (grid st)) fine))
         (forallb (fun n0 -> positive (node_scale n0)) nodes0)
    then node_intervals fine (pixel_intervals factor Integers.zero boxes)
           nodes0
    else None

  (** val check_box :
      statement -> (Integers.t * Num.t) list -> signature_t -> signature_t ->
      seen_window option -> bool -> ratio -> bool **)

  let check_box st weights rs cs inside upper r =
    match local_at st weights rs cs [] inside with
    | Some l ->
      (match bind
               (circuit_intervals st (local_boxes l)
                 (List.rev (gates (local_state l)))) (fun m ->
               form_interval (fine_grid st) m (top (local_value l))
                 (below (local_value l))) with
       | Some ab -> interval_gives (fine_grid st) ab upper r
       | None -> false)
    | None -> false

  (** val bounds_at :
      statement -> Integers.t list -> signature_t -> signature_t -> intervals **)

  let bounds_at st ks rs cs =
    let w = image_view st rs cs in
    (match needs (stem st) rs cs
             (map (fun k -> ((k, Integers.zero), Integers.zero)) ks) with
     | [] -> PositiveMap.empty
     | inputs :: needed ->
       (match bind
                (allocate st w None (sorted inputs) nothing_known
                  nothing_known { count = Integers.zero; gates = [] })
                (fun found ->
                let (p, s) = found in
                let (p0, boxes) = p in
                let (p1, _) = p0 in
                let (_, reads) = p1 in
                bind (unroll (stem st) rs cs needed reads s) (fun ms ->
                  option_map (fun x -> ((fst ms), x))
                    (circuit_intervals st boxes (List.rev (gates (snd ms)))))) with
        | Some p ->
          let (m, found) = p in
          fold_right (fun k l ->
            match bind (find_place m ((k, Integers.zero), Integers.zero))
                    (fun q ->
                    form_interval (fine_grid st) found (top q) (below q)) with
            | Some ab -> set_interval k ab l
            | None -> l) PositiveMap.empty ks
        | None -> PositiveMap.empty))

  (** val check_block :
      statement -> (Integers.t * Num.t) list -> signature_t -> signature_t ->
      seen_window option -> bool -> ratio -> proof option -> bool **)

  let check_block st weights rs cs inside upper r = function
  | Some p0 -> check_local st weights rs cs [] inside upper r p0
  | None -> check_box st weights rs cs inside upper r

  (** val check_kind :
      statement -> intervals -> Integers.t -> signature_t -> signature_t ->
      seen_window list -> bool -> ratio -> proof option -> bool **)

  let check_kind st bounds k rs cs clear upper r = function
  | Some p0 -> check_local st (alone k) rs cs clear None upper r p0
  | None ->
    (match clear with
     | [] ->
       (match interval_of k bounds with
        | Some ab -> interval_gives (fine_grid st) ab upper r
        | None -> false)
     | _ :: _ -> false)

  type fact =
  | Floor of Integers.t * ratio * proof option list
  | Upper of Integers.t * ratio * Integers.t list
     * (seen_window list * proof option) list
  | Lower of Integers.t * Integers.t * Integers.t * ratio
     * ((Integers.t * Integers.t) * proof option) list
  | Joint of Integers.t * Integers.t * (Integers.t * Num.t) list * ratio
     * ((Integers.t * Integers.t) * proof option) list

  (** val fact_rect :
      (Integers.t -> ratio -> proof option list -> 'a1) -> (Integers.t ->
      ratio -> Integers.t list -> (seen_window list * proof option) list ->
      'a1) -> (Integers.t -> Integers.t -> Integers.t -> ratio ->
      ((Integers.t * Integers.t) * proof option) list -> 'a1) -> (Integers.t
      -> Integers.t -> (Integers.t * Num.t) list -> ratio ->
      ((Integers.t * Integers.t) * proof option) list -> 'a1) -> fact -> 'a1 **)

  let fact_rect f f0 f1 f2 = function
  | Floor (k, low, blocks) -> f k low blocks
  | Upper (k, high, avoid, blocks) -> f0 k high avoid blocks
  | Lower (f4, t0, k, low, blocks) -> f1 f4 t0 k low blocks
  | Joint (f4, t0, weights, low, blocks) -> f2 f4 t0 weights low blocks

  (** val fact_rec :
      (Integers.t -> ratio -> proof option list -> 'a1) -> (Integers.t ->
      ratio -> Integers.t list -> (seen_window list * proof option) list ->
      'a1) -> (Integers.t -> Integers.t -> Integers.t -> ratio ->
      ((Integers.t * Integers.t) * proof option) list -> 'a1) -> (Integers.t
      -> Integers.t -> (Integers.t * Num.t) list -> ratio ->
      ((Integers.t * Integers.t) * proof option) list -> 'a1) -> fact -> 'a1 **)

  let fact_rec f f0 f1 f2 = function
  | Floor (k, low, blocks) -> f k low blocks
  | Upper (k, high, avoid, blocks) -> f0 k high avoid blocks
  | Lower (f4, t0, k, low, blocks) -> f1 f4 t0 k low blocks
  | Joint (f4, t0, weights, low, blocks) -> f2 f4 t0 weights low blocks

  (** val about_windows :
      fact -> ((((Integers.t * Integers.t) * (Integers.t * Num.t)
      list) * ratio) * ((Integers.t * Integers.t) * proof option) list) option **)

  let about_windows = function
  | Lower (f, t0, k, low, blocks) ->
    Some ((((f, t0), (alone k)), low), blocks)
  | Joint (f, t0, weights, low, blocks) ->
    Some ((((f, t0), weights), low), blocks)
  | _ -> None

  (** val single : level **)

  let single =
    { kernel = (Integers.of_positive Integers.XH); stride =
      (Integers.of_positive Integers.XH); before = Integers.zero; after =
      Integers.zero }

  (** val as_stem : head_layer -> stem_layer **)

  let as_stem = function
  | SDense (inputs, taps, bias, u) ->
    SConv (inputs, single, single,
      (map
        (map (fun t0 -> ((((fst t0), Integers.zero), Integers.zero),
          (snd t0)))) taps), bias, u)
  | SDenseRelu -> SRelu

  (** val head_place : Integers.t -> place **)

  let head_place k =
    ((((fun n -> n) k), Integers.zero), Integers.zero)

  (** val head_layers : statement -> stem_layer list **)

  let head_layers st =
    map as_stem (head st)

  (** val head_signature : statement -> signature_t **)

  let head_signature st =
    map (fun _ -> (Integers.zero, (Integers.of_positive Integers.XH)))
      (row_levels (head_layers st))

  (** val fewest_positions : statement -> Integers.t **)

  let fewest_positions st =
    Integers.mul (positions (row_axis st) (least_height st))
      (positions (column_axis st) (least_width st))

  (** val most_positions : statement -> Integers.t option **)

  let most_positions st =
    match most_height st with
    | Some h ->
      (match most_width st with
       | Some w ->
         Some
           (Integers.mul (positions (row_axis st) h)
             (positions (column_axis st) w))
       | None -> None)
    | None -> None

  (** val spread : statement -> bool -> ratio -> ratio option **)

  let spread st upper r =
    match pool st with
    | PoolSum ->
      let few =
        if upper then Num.leb (over r) Num.zero else Num.leb Num.zero (over r)
      in
      option_map (fun n0 -> { over = (Num.mul (of_Z n0) (over r)); under =
        (under r) })
        (if few then Some (fewest_positions st) else most_positions st)
    | _ -> Some r

  (** val floor_among : Integers.t -> fact list -> ratio option **)

  let rec floor_among k = function
  | [] -> None
  | f :: l0 ->
    (match f with
     | Floor (j, low, _) ->
       if Integers.eqb j k then Some low else floor_among k l0
     | _ -> floor_among k l0)

  (** val blended_floor :
      fact list -> (Integers.t * Num.t) list -> ratio option **)

  let rec blended_floor facts0 = function
  | [] -> Some { over = Num.zero; under = Num.one }
  | p :: weights0 ->
    let (k, a) = p in
    bind (floor_among k facts0) (fun c ->
      bind (blended_floor facts0 weights0) (fun r -> Some { over =
        (Num.add (Num.mul (Num.mul a (over c)) (under r))
          (Num.mul (over r) (under c))); under =
        (Num.mul (under c) (under r)) }))

  (** val somewhere :
      statement -> fact list -> (Integers.t * Num.t) list -> ratio -> ratio
      option **)

  let somewhere st facts0 weights low =
    let others0 = fun c n0 ->
      Num.add (Num.mul (over low) (under c))
        (Num.mul (of_Z (Integers.sub n0 (Integers.of_positive Integers.XH)))
          (Num.mul (over c) (under low)))
    in
    (match pool st with
     | PoolMax -> Some low
     | PoolSum ->
       bind (blended_floor facts0 weights) (fun c ->
         bind
           (if Num.leb Num.zero (over c)
            then Some (fewest_positions st)
            else most_positions st) (fun n0 -> Some { over = (others0 c n0);
           under = (Num.mul (under low) (under c)) }))
     | PoolMean ->
       bind (blended_floor facts0 weights) (fun c ->
         bind (most_positions st) (fun n0 -> Some { over = (others0 c n0);
           under = (Num.mul (of_Z n0) (Num.mul (under low) (under c))) })))

  (** val bound_rows : quotient -> bool -> ratio option -> form list **)

  let bound_rows q upper = function
  | Some r0 -> (bounded q upper r0) :: []
  | None -> []

  (** val plain_rows :
      statement -> fact list -> Integers.t -> quotient -> form list **)

  let plain_rows st facts0 k q =
    app
      (flat_map (fun f ->
        match f with
        | Floor (l, low, _) ->
          if Integers.eqb l k
          then bound_rows q false (spread st false low)
          else []
        | _ -> []) facts0)
      (flat_map (fun f ->
        match f with
        | Upper (l, high, avoid, _) ->
          (match avoid with
           | [] ->
             if Integers.eqb l k
             then bound_rows q true (spread st true high)
             else []
           | _ :: _ -> [])
        | _ -> []) facts0)

  (** val allocate_pooled :
      statement -> fact list -> place list -> known -> state ->
      ((known * form list) * state) option **)

  let rec allocate_pooled st facts0 l m s =
    match l with
    | [] -> Some ((m, []), s)
    | p :: l0 ->
      if place_eqb p (((fst (fst p)), Integers.zero), Integers.zero)
      then let q = variable_quotient (count s) in
           bind
             (allocate_pooled st facts0 l0 (add_place p q m) { count =
               (Integers.succ (count s)); gates = (gates s) }) (fun found ->
             let (p0, s0) = found in
             let (m0, rows) = p0 in
             Some ((m0, (app (plain_rows st facts0 (fst (fst p)) q) rows)),
             s0))
      else None

  (** val formula : statement -> Integers.t -> alternative list **)

  let formula st y =
    match nth_error (classes st) y with
    | Some c ->
      (match c with
       | AnyOf l -> l
       | Otherwise ->
         flat_map (fun c0 -> match c0 with
                             | AnyOf l -> l
                             | Otherwise -> []) (classes st))
    | None ->
      flat_map (fun c -> match c with
                         | AnyOf l -> l
                         | Otherwise -> []) (classes st)

  (** val is_otherwise : statement -> Integers.t -> bool **)

  let is_otherwise st y =
    match nth_error (classes st) y with
    | Some c -> (match c with
                 | AnyOf _ -> false
                 | Otherwise -> true)
    | None -> false

  (** val literals : alternative -> literal list **)

  let literals a =
    app (map (fun f -> (true, (Contains f))) a.requires)
      (map (fun f -> (false, (Contains f))) a.forbids)

  (** val chosen_clauses :
      Integers.t -> alternative list -> literal list list **)

  let chosen_clauses y l =
    (map (fun i -> (true, (Chosen (y, i)))) (seq Integers.zero (length l))) :: 
      (flat_map (fun ia ->
        map (fun x -> (false, (Chosen (y, (fst ia)))) :: (x :: []))
          (literals (snd ia)))
        (Coq__1.combine (seq Integers.zero (length l)) l))

  (** val failed_clauses : alternative list -> literal list list **)

  let failed_clauses l =
    map (fun a -> map negation (literals a)) l

  (** val formula_clauses :
      statement -> Integers.t -> bool -> literal list list **)

  let formula_clauses st y holds =
    if eqb holds (is_otherwise st y)
    then failed_clauses (formula st y)
    else chosen_clauses y (formula st y)

  (** val mentioned : statement -> Integers.t list -> Integers.t -> bool **)

  let mentioned st ys f =
    existsb (fun y ->
      existsb (fun a -> existsb (Integers.eqb f) (app a.requires a.forbids))
        (formula st y)) ys

  (** val in_play : statement -> Integers.t list -> Integers.t list **)

  let in_play st ys =
    filter (mentioned st ys) (seq Integers.zero (length (features st)))

  (** val template_clause : statement -> Integers.t -> literal list **)

  let template_clause st f =
    (false, (Contains
      f)) :: (match nth_error (features st) f with
              | Some g ->
                map (fun t0 -> (true, (Exhibits (f, t0))))
                  (seq Integers.zero (length (f_templates g)))
              | None -> [])

  (** val numbered_facts : fact list -> (Integers.t * fact) list **)

  let numbered_facts facts0 =
    Coq__1.combine (seq Integers.zero (length facts0)) facts0

  (** val avoided_clauses :
      statement -> fact list -> Integers.t list -> known -> literal list list **)

  let avoided_clauses st facts0 ys m =
    flat_map (fun jf ->
      match snd jf with
      | Upper (k, high, avoid, _) ->
        (match avoid with
         | [] -> []
         | _ :: _ ->
           (match find_place m ((k, Integers.zero), Integers.zero) with
            | Some _ ->
              (match spread st true high with
               | Some _ ->
                 if forallb (fun f ->
                      existsb (Integers.eqb f) (in_play st ys)) avoid
                 then ((true, (Avoided
                        (fst jf))) :: (map (fun f -> (true, (Contains f)))
                                        avoid)) :: []
                 else []
               | None -> [])
            | None -> []))
      | _ -> []) (numbered_facts facts0)

  (** val switched_rows :
      statement -> fact list -> known -> literal -> form list **)

  let switched_rows st facts0 m = function
  | (b, a) ->
    if b
    then (match a with
          | Exhibits (f, t0) ->
            flat_map (fun fa ->
              match about_windows fa with
              | Some p ->
                let (p0, _) = p in
                let (p1, low) = p0 in
                let (p2, weights) = p1 in
                let (g, u) = p2 in
                if (&&) (Integers.eqb g f) (Integers.eqb u t0)
                then (match weighted m weights with
                      | Some q ->
                        bound_rows q false (somewhere st facts0 weights low)
                      | None -> [])
                else []
              | None -> []) facts0
          | Avoided j ->
            (match nth_error facts0 j with
             | Some f ->
               (match f with
                | Upper (k, high, _, _) ->
                  (match find_place m ((k, Integers.zero), Integers.zero) with
                   | Some q -> bound_rows q true (spread st true high)
                   | None -> [])
                | _ -> [])
             | None -> [])
          | _ -> [])
    else []

  (** val head_clauses :
      statement -> fact list -> Integers.t list -> Integers.t list -> known
      -> literal list list **)

  let head_clauses st facts0 holds fails m =
    let ys = app holds fails in
    app (flat_map (fun y -> formula_clauses st y true) holds)
      (app (flat_map (fun z0 -> formula_clauses st z0 false) fails)
        (app (map (template_clause st) (in_play st ys))
          (avoided_clauses st facts0 ys m)))

  (** val head_sequent :
      statement -> fact list -> Integers.t list -> Integers.t list ->
      (Num.t * Integers.t) list -> ratio -> sequent option **)

  let head_sequent st facts0 holds fails goal0 r =
    match needs (head_layers st) (head_signature st) (head_signature st)
            (sorted (map (fun g -> head_place (snd g)) goal0)) with
    | [] -> None
    | pooled :: needed ->
      bind
        (allocate_pooled st facts0 (sorted pooled) nothing_known { count =
          Integers.zero; gates = [] }) (fun found ->
        let (p, s) = found in
        let (m, rows) = p in
        bind
          (unroll (head_layers st) (head_signature st) (head_signature st)
            needed m s) (fun ms ->
          bind
            (all
              (map (fun g ->
                option_map (fun x -> ((fst g), x))
                  (find_place (fst ms) (head_place (snd g)))) goal0))
            (fun parts ->
            bind (combine parts Num.zero Num.one) (fun total0 -> Some
              { size = (count (snd ms)); before_nodes = rows; nodes =
              (List.rev (gates (snd ms))); after_nodes = []; clauses =
              (head_clauses st facts0 holds fails m); switched =
              (switched_rows st facts0 m); goal = (bounded total0 false r) }))))

  (** val check_head :
      statement -> fact list -> Integers.t list -> Integers.t list ->
      (Num.t * Integers.t) list -> ratio -> proof -> bool **)

  let check_head st facts0 holds fails goal0 r p =
    (&&) (fits_ratio r)
      (match head_sequent st facts0 holds fails goal0 r with
       | Some s -> check s p
       | None -> false)

  type certificate = { facts : fact list;
                       rights : (ratio * proof) option list;
                       wrongs : (ratio * proof) option list;
                       pairs : ((Integers.t * Integers.t) * proof) list }

  (** val facts : certificate -> fact list **)

  let facts c =
    c.facts

  (** val rights : certificate -> (ratio * proof) option list **)

  let rights c =
    c.rights

  (** val wrongs : certificate -> (ratio * proof) option list **)

  let wrongs c =
    c.wrongs

  (** val pairs : certificate -> ((Integers.t * Integers.t) * proof) list **)

  let pairs c =
    c.pairs

  (** val smallest : Integers.t list -> Integers.t **)

  let smallest = function
  | [] -> Integers.of_positive Integers.XH
  | a :: l0 -> fold_right Integers.min a l0

  (** val greatest : Integers.t list -> Integers.t **)

  let greatest = function
  | [] -> Integers.of_positive Integers.XH
  | a :: l0 -> fold_right Integers.max a l0

  (** val row_lengths : statement -> Integers.t list option **)

  let row_lengths st =
    representatives (row_axis st) (smallest (map f_rows (features st)))
      (greatest (map f_rows (features st))) (least_height st) (most_height st)

  (** val column_lengths : statement -> Integers.t list option **)

  let column_lengths st =
    representatives (column_axis st) (smallest (map f_columns (features st)))
      (greatest (map f_columns (features st))) (least_width st)
      (most_width st)

  (** val distinct :
      ('a1 -> 'a1 -> bool) -> 'a1 list -> 'a1 list -> 'a1 list **)

  let rec distinct same seen = function
  | [] -> []
  | a :: l0 ->
    if in_dec same a seen
    then distinct same seen l0
    else a :: (distinct same (a :: seen) l0)

  (** val clip_eq_dec :
      (Integers.t * Integers.t) -> (Integers.t * Integers.t) -> bool **)

  let clip_eq_dec a b =
    let (a0, b0) = a in
    let (a1, b1) = b in
    if Integers.z_case
         (fun _ ->
         Integers.z_case
           (fun _ -> true)
           (fun _ -> false)
           (fun _ -> false)
           a1)
         (fun p ->
         Integers.z_case
           (fun _ -> false)
           (fun p0 ->
           let rec f p1 x =
             match p1 with
             | Integers.XI p2 ->
               (match x with
                | Integers.XI p3 -> f p2 p3
                | _ -> false)
             | Integers.XO p2 ->
               (match x with
                | Integers.XO p3 -> f p2 p3
                | _ -> false)
             | Integers.XH -> (match x with
                               | Integers.XH -> true
                               | _ -> false)
           in f p p0)
           (fun _ -> false)
           a1)
         (fun p ->
         Integers.z_case
           (fun _ -> false)
           (fun _ -> false)
           (fun p0 ->
           let rec f p1 x =
             match p1 with
             | Integers.XI p2 ->
               (match x with
                | Integers.XI p3 -> f p2 p3
                | _ -> false)
             | Integers.XO p2 ->
               (match x with
                | Integers.XO p3 -> f p2 p3
                | _ -> false)
             | Integers.XH -> (match x with
                               | Integers.XH -> true
                               | _ -> false)
           in f p p0)
           a1)
         a0
    then (Integers.z_case
            (fun _ ->
            Integers.z_case
              (fun _ -> true)
              (fun _ -> false)
              (fun _ -> false)
              b1)
            (fun p ->
            Integers.z_case
              (fun _ -> false)
              (fun p0 ->
              let rec f p1 x =
                match p1 with
                | Integers.XI p2 ->
                  (match x with
                   | Integers.XI p3 -> f p2 p3
                   | _ -> false)
                | Integers.XO p2 ->
                  (match x with
                   | Integers.XO p3 -> f p2 p3
                   | _ -> false)
                | Integers.XH ->
                  (match x with
                   | Integers.XH -> true
                   | _ -> false)
              in f p p0)
              (fun _ -> false)
              b1)
            (fun p ->
            Integers.z_case
              (fun _ -> false)
              (fun _ -> false)
              (fun p0 ->
              let rec f p1 x =
                match p1 with
                | Integers.XI p2 ->
                  (match x with
                   | Integers.XI p3 -> f p2 p3
                   | _ -> false)
                | Integers.XO p2 ->
                  (match x with
                   | Integers.XO p3 -> f p2 p3
                   | _ -> false)
                | Integers.XH ->
                  (match x with
                   | Integers.XH -> true
                   | _ -> false)
              in f p p0)
              b1)
            b0)
    else false

  (** val signature_eq_dec : signature_t -> signature_t -> bool **)

  let signature_eq_dec =
    list_eq_dec clip_eq_dec

  (** val sight_eq_dec : sight_t -> sight_t -> bool **)

  let sight_eq_dec a b =
    let (a0, b0) = a in
    let (a1, b1) = b in
    if Integers.eqb a0 a1 then signature_eq_dec b0 b1 else false

  (** val kind_list : level list -> Integers.t list -> signature_t list **)

  let kind_list axis lengths =
    distinct signature_eq_dec [] (kinds axis lengths)

  (** val class_list :
      level list -> Integers.t -> Integers.t list -> sight_t list list **)

  let class_list axis size0 lengths =
    distinct (list_eq_dec sight_eq_dec) [] (sight_classes axis size0 lengths)

  (** val each : ('a1 -> 'a2 -> bool) -> 'a1 list -> 'a2 list -> bool **)

  let rec each test l m =
    match l with
    | [] -> (match m with
             | [] -> true
             | _ :: _ -> false)
    | a :: l0 ->
      (match m with
       | [] -> false
       | b :: m0 -> (&&) (test a b) (each test l0 m0))

  (** val check_seen :
      statement -> Integers.t -> Integers.t -> (Integers.t * Num.t) list ->
      ratio -> (sight_t list * sight_t list) ->
      ((Integers.t * Integers.t) * proof option) -> bool **)

  let check_seen st f t0 weights low seen = function
  | (p0, p) ->
    let (a, b) = p0 in
    (match nth_error (fst seen) a with
     | Some s ->
       let (r, rs) = s in
       (match nth_error (snd seen) b with
        | Some s0 ->
          let (c, cs) = s0 in
          check_block st weights rs cs (Some (((f, t0), r), c)) false low p
        | None -> false)
     | None -> false)

  (** val check_windows :
      statement -> Integers.t list -> Integers.t list -> Integers.t ->
      Integers.t -> (Integers.t * Num.t) list -> ratio ->
      ((Integers.t * Integers.t) * proof option) list -> bool **)

  let check_windows st rows columns f t0 weights low blocks =
    match find_template st f t0 with
    | Some p ->
      let (g, _) = p in
      (&&) (fits_ratio low)
        (each (check_seen st f t0 weights low)
          (list_prod (class_list (row_axis st) (f_rows g) rows)
            (class_list (column_axis st) (f_columns g) columns)) blocks)
    | None -> false

  (** val joint_okb : (Integers.t * Num.t) list -> bool **)

  let joint_okb weights =
    (&&)
      ((&&)
        (Integers.leb (Integers.succ (Integers.succ Integers.zero))
          (length weights)) (strictly_sorted Integers.ltb (map fst weights)))
      (forallb (fun w -> positive (snd w)) weights)

  type kind_table = ((signature_t * signature_t) * intervals) list

  (** val boxed_channels : fact list -> Integers.t list **)

  let boxed_channels l =
    let is_box = fun p -> match p with
                          | Some _ -> false
                          | None -> true in
    without_repeats
      (NumbersSort.sort
        (flat_map (fun fa ->
          match fa with
          | Floor (k, _, blocks) ->
            if existsb is_box blocks then k :: [] else []
          | Upper (k, _, _, blocks) ->
            if existsb (fun b -> is_box (snd b)) blocks then k :: [] else []
          | _ -> []) l))

  (** val bounded_kinds :
      statement -> Integers.t list -> Integers.t list -> Integers.t list ->
      kind_table **)

  let bounded_kinds st ks rows columns =
    map (fun kind -> (kind, (bounds_at st ks (fst kind) (snd kind))))
      (list_prod (kind_list (row_axis st) rows)
        (kind_list (column_axis st) columns))

  (** val check_fact :
      statement -> kind_table -> Integers.t list -> Integers.t list -> fact
      -> bool **)

  let check_fact st kinds0 rows columns = function
  | Floor (k, low, blocks) ->
    (&&) (fits_ratio low)
      (each (fun kb p ->
        let (y, bounds) = kb in
        let (rs, cs) = y in check_kind st bounds k rs cs [] false low p)
        kinds0 blocks)
  | Upper (k, high, avoid, blocks) ->
    (&&) (fits_ratio high)
      (each (fun kb block ->
        let (y, bounds) = kb in
        let (rs, cs) = y in
        (&&)
          (forallb (fun c ->
            let (y0, _) = c in
            let (y1, _) = y0 in
            let (f, _) = y1 in existsb (Integers.eqb f) avoid) (fst block))
          (check_kind st bounds k rs cs (fst block) true high (snd block)))
        kinds0 blocks)
  | Lower (f, t0, k, low, blocks) ->
    check_windows st rows columns f t0 (alone k) low blocks
  | Joint (f, t0, weights, low, blocks) ->
    (&&) (joint_okb weights)
      (check_windows st rows columns f t0 weights low blocks)

  (** val opposite : ratio -> ratio **)

  let opposite r =
    { over = (Num.opp (over r)); under = (under r) }

  (** val leads : statement -> ratio -> ratio -> bool **)

  let leads st a b =
    (&&)
      ((&&) ((&&) (positive (under a)) (positive (under b)))
        (positive (under (margin st))))
      (Num.leb (Num.mul (over (margin st)) (Num.mul (under a) (under b)))
        (Num.mul
          (Num.add (Num.mul (over a) (under b))
            (Num.opp (Num.mul (over b) (under a)))) (under (margin st))))

  (** val numbers_of : 'a1 list -> Integers.t list **)

  let numbers_of l =
    seq Integers.zero (length l)

  (** val check_right :
      statement -> certificate -> Integers.t -> (ratio * proof) option -> bool **)

  let check_right st cert y = function
  | Some p0 ->
    let (a, p) = p0 in
    check_head st (facts cert) (y :: []) [] ((Num.one, y) :: []) a p
  | None -> true

  (** val check_wrong :
      statement -> certificate -> Integers.t -> (ratio * proof) option -> bool **)

  let check_wrong st cert z0 = function
  | Some p0 ->
    let (a, p) = p0 in
    check_head st (facts cert) [] (z0 :: []) (((Num.opp Num.one), z0) :: [])
      (opposite a) p
  | None -> true

  (** val others : statement -> Integers.t -> Integers.t list **)

  let others st y =
    if is_otherwise st y
    then []
    else filter (fun z0 ->
           (&&) (negb (Integers.eqb z0 y)) (negb (is_otherwise st z0)))
           (numbers_of (classes st))

  (** val separated :
      statement -> certificate -> Integers.t -> Integers.t -> bool **)

  let separated st cert y z0 =
    match nth_error (rights cert) y with
    | Some o ->
      (match o with
       | Some p ->
         let (a, _) = p in
         (match nth_error (wrongs cert) z0 with
          | Some o0 ->
            (match o0 with
             | Some p1 -> let (b, _) = p1 in leads st a b
             | None -> false)
          | None -> false)
       | None -> false)
    | None -> false

  (** val check_pair :
      statement -> certificate -> Integers.t -> Integers.t -> bool **)

  let check_pair st cert y z0 =
    (||) (separated st cert y z0)
      (existsb (fun q ->
        let (y0, p) = q in
        let (y', z') = y0 in
        (&&) ((&&) (Integers.eqb y' y) (Integers.eqb z' z0))
          (check_head st (facts cert) (y :: []) (others st y) ((Num.one,
            y) :: (((Num.opp Num.one), z0) :: [])) (margin st) p))
        (pairs cert))

  (** val level_okb : level -> bool **)

  let level_okb l =
    (&&)
      ((&&)
        ((&&) (Integers.leb (Integers.of_positive Integers.XH) l.kernel)
          (Integers.leb (Integers.of_positive Integers.XH) l.stride))
        (Integers.leb Integers.zero l.before))
      (Integers.leb Integers.zero l.after)

  (** val layer_okb : stem_layer -> bool **)

  let layer_okb l =
    (&&)
      ((&&) (forallb level_okb (row_levels_of l))
        (forallb level_okb (column_levels_of l)))
      (match l with
       | SConv (inputs, d, a, taps, _, _) ->
         forallb
           (forallb (fun t0 ->
             let (y, _) = t0 in
             let (y1, s) = y in
             let (k, r) = y1 in
             (&&) (Integers.ltb k inputs)
               ((&&)
                 ((&&)
                   ((&&) (Integers.leb Integers.zero r)
                     (Integers.ltb r d.kernel))
                   (Integers.leb Integers.zero s)) (Integers.ltb s a.kernel))))
           taps
       | _ -> true)

  (** val feature_okb : feature -> bool **)

  let feature_okb g =
    (&&)
      ((&&)
        ((&&) (Integers.leb (Integers.of_positive Integers.XH) (f_rows g))
          (Integers.leb (Integers.of_positive Integers.XH) (f_columns g)))
        (fits_ratio (f_gap g))) (positive (over (f_gap g)))

  (** val class_okb : statement -> class0 -> bool **)

  let class_okb st = function
  | AnyOf l ->
    (&&) (negb (match l with
                | [] -> true
                | _ :: _ -> false))
      (forallb (fun a ->
        forallb (fun f -> Integers.ltb f (length (features st)))
          (app a.requires a.forbids)) l)
  | Otherwise -> true

  (** val statement_okb : statement -> bool **)

  let statement_okb st =
    (&&)
      ((&&)
        ((&&)
          ((&&)
            ((&&)
              ((&&)
                ((&&)
                  ((&&) (positive (grid st))
                    (strictly_below (dark st) (bright st)))
                  (positive (under (margin st))))
                (forallb layer_okb (stem st)))
              (forallb layer_okb (head_layers st)))
            (forallb feature_okb (features st)))
          (forallb (class_okb st) (classes st)))
        (defined_at (row_axis st) (least_height st)))
      (defined_at (column_axis st) (least_width st))

  (** val pairs_listed : statement -> certificate -> bool **)

  let pairs_listed st cert =
    let classes0 = numbers_of (classes st) in
    each (fun yz q ->
      (&&) (Integers.eqb (fst yz) (fst (fst q)))
        (Integers.eqb (snd yz) (snd (fst q))))
      (filter (fun yz ->
        (&&) (negb (Integers.eqb (fst yz) (snd yz)))
          (negb (separated st cert (fst yz) (snd yz))))
        (list_prod classes0 classes0)) (pairs cert)

  (** val floors_once : Integers.t list -> fact list -> bool **)

  let rec floors_once seen = function
  | [] -> true
  | f :: l0 ->
    (match f with
     | Floor (k, _, _) ->
       (&&) (negb (existsb (Integers.eqb k) seen))
         (floors_once (k :: seen) l0)
     | _ -> floors_once seen l0)

  (** val outputs_from : Integers.t -> stem_layer -> Integers.t **)

  let outputs_from inputs = function
  | SConv (_, _, _, taps, _, _) -> (fun n -> n) (length taps)
  | _ -> inputs

  (** val stem_outputs : statement -> Integers.t **)

  let stem_outputs st =
    fold_left outputs_from (stem st) (channels st)

  (** val widths_fit : Integers.t -> stem_layer list -> bool **)

  let rec widths_fit inputs = function
  | [] -> true
  | a :: l0 ->
    (&&)
      (match a with
       | SConv (n0, _, _, taps, bias, _) ->
         (&&)
           ((&&) (Integers.eqb n0 inputs)
             (Integers.leb (Integers.succ Integers.zero) (length taps)))
           (Integers.eqb (length taps) (length bias))
       | _ -> true) (widths_fit (outputs_from inputs a) l0)

  (** val earlier : seen_window -> seen_window -> bool **)

  let earlier a b =
    let (p, s) = a in
    let (p0, r) = p in
    let (f, t0) = p0 in
    let (p1, s') = b in
    let (p2, r') = p1 in
    let (f', t') = p2 in
    (||) (Integers.ltb f f')
      ((&&) (Integers.eqb f f')
        ((||) (Integers.ltb t0 t')
          ((&&) (Integers.eqb t0 t')
            ((||) (Integers.ltb r r')
              ((&&) (Integers.eqb r r') (Integers.ltb s s'))))))

  (** val fact_formed : statement -> fact -> bool **)

  let fact_formed st = function
  | Floor (k, _, _) -> Integers.ltb k (stem_outputs st)
  | Upper (k, _, avoid, blocks) ->
    (&&)
      ((&&)
        ((&&) (Integers.ltb k (stem_outputs st))
          (strictly_sorted Integers.ltb avoid))
        (forallb (fun f -> Integers.ltb f (length (features st))) avoid))
      (forallb (fun b -> strictly_sorted earlier (fst b)) blocks)
  | Lower (_, _, k, _, _) -> Integers.ltb k (stem_outputs st)
  | Joint (_, _, weights, _, _) ->
    forallb (fun w -> Integers.ltb (fst w) (stem_outputs st)) weights

  (** val largest_size : Integers.t **)

  let largest_size =
    Integers.of_positive (Integers.XO (Integers.XO (Integers.XO (Integers.XO
      (Integers.XO (Integers.XO (Integers.XO (Integers.XO (Integers.XO
      Integers.XH)))))))))

  (** val levels_small : level list -> bool **)

  let rec levels_small levels = match levels with
  | [] -> true
  | l :: more0 ->
    (&&)
      (forallb (fun n0 -> Integers.leb n0 largest_size)
        (l.kernel :: (l.stride :: (l.before :: (l.after :: ((step levels) :: (
        (field levels) :: ((Integers.opp (start levels Integers.zero)) :: []))))))))
      (levels_small more0)

  (** val padding_below_window : level -> bool **)

  let padding_below_window l =
    (&&) (Integers.ltb l.before l.kernel) (Integers.ltb l.after l.kernel)

  (** val feature_formed : statement -> feature -> bool **)

  let feature_formed st g =
    (&&)
      ((&&)
        ((&&) (Integers.leb (f_rows g) largest_size)
          (Integers.leb (f_columns g) largest_size))
        (negb (match f_templates g with
               | [] -> true
               | _ :: _ -> false)))
      (forallb (fun box ->
        (&&)
          (Integers.eqb ((fun n -> n) (length box))
            (Integers.mul
              (Integers.mul ((fun n -> n) (channels st)) (f_rows g))
              (f_columns g)))
          (forallb (fun ab ->
            (&&)
              ((&&) (Num.leb (dark st) (fst ab)) (Num.leb (fst ab) (snd ab)))
              (Num.leb (snd ab) (bright st))) box)) (f_templates g))

  (** val class_formed : class0 -> bool **)

  let class_formed = function
  | AnyOf l ->
    forallb (fun a ->
      (&&) (strictly_sorted Integers.ltb a.requires)
        (strictly_sorted Integers.ltb a.forbids)) l
  | Otherwise -> true

  (** val at_least : Integers.t -> Integers.t option -> bool **)

  let at_least least = function
  | Some n0 -> Integers.leb least n0
  | None -> true

  (** val statement_formed : statement -> bool **)

  let statement_formed st =
    (&&)
      ((&&)
        ((&&)
          ((&&)
            ((&&)
              ((&&)
                ((&&)
                  ((&&)
                    ((&&)
                      ((&&)
                        ((&&)
                          ((&&)
                            ((&&)
                              ((&&)
                                ((&&)
                                  ((&&)
                                    (Integers.leb (Integers.of_positive
                                      Integers.XH) (least_height st))
                                    (Integers.leb (Integers.of_positive
                                      Integers.XH) (least_width st)))
                                  (at_least (least_height st)
                                    (most_height st)))
                                (at_least (least_width st) (most_width st)))
                              (positive (over (margin st))))
                            (Integers.leb (Integers.of_positive Integers.XH)
                              (channels st)))
                          (Integers.leb (Integers.succ Integers.zero)
                            (length (features st))))
                        (forallb (feature_formed st) (features st)))
                      (Integers.leb (Integers.succ (Integers.succ
                        Integers.zero)) (length (classes st))))
                    (forallb class_formed (classes st)))
                  (Integers.leb
                    (length
                      (filter (is_otherwise st) (numbers_of (classes st))))
                    (Integers.succ Integers.zero)))
                (levels_small (row_levels (stem st))))
              (levels_small (column_levels (stem st))))
            (forallb (fun l ->
              match l with
              | SMaxPool (d, a) ->
                (&&) (padding_below_window d) (padding_below_window a)
              | _ -> true) (stem st))) (widths_fit (channels st) (stem st)))
        (widths_fit (stem_outputs st) (head_layers st)))
      (Integers.eqb
        (fold_left outputs_from (head_layers st) (stem_outputs st))
        ((fun n -> n) (length (classes st))))

  (** val formed : statement -> certificate -> bool **)

  let formed st cert =
    (&&)
      ((&&)
        ((&&) (statement_formed st) (forallb (fact_formed st) (facts cert)))
        (floors_once [] (facts cert))) (pairs_listed st cert)

  (** val check_instance : statement -> certificate -> bool **)

  let check_instance st cert =
    (&&)
      ((&&)
        ((&&)
          ((&&)
            ((&&) (statement_okb st)
              (match row_lengths st with
               | Some rows ->
                 (match column_lengths st with
                  | Some columns ->
                    let kinds0 =
                      bounded_kinds st (boxed_channels (facts cert)) rows
                        columns
                    in
                    forallb (check_fact st kinds0 rows columns) (facts cert)
                  | None -> false)
               | None -> false))
            (each (check_right st cert) (numbers_of (classes st))
              (rights cert)))
          (each (check_wrong st cert) (numbers_of (classes st)) (wrongs cert)))
        (forallb (fun y ->
          forallb (fun z0 ->
            (||) (Integers.eqb y z0) (check_pair st cert y z0))
            (numbers_of (classes st))) (numbers_of (classes st))))
      (formed st cert)

  type 'a array = 'a PositiveMap.t

  (** val slot : Integers.t -> Integers.positive **)

  let slot i =
    Integers.succ_pos (Integers.natural i)

  (** val look : 'a1 array -> Integers.t -> 'a1 option **)

  let look m i =
    if Integers.ltb i Integers.zero then None else PositiveMap.find (slot i) m

  (** val tabulated_from :
      (Integers.t -> 'a1) -> Integers.t -> Integers.t -> 'a1 array **)

  let rec tabulated_from f n0 i =
    Integers.nat_case
      (fun _ -> PositiveMap.empty)
      (fun n1 ->
      PositiveMap.add (slot i) (f i)
        (tabulated_from f n1
          (Integers.add i (Integers.of_positive Integers.XH))))
      n0

  (** val tabulated : Integers.t -> (Integers.t -> 'a1) -> 'a1 array **)

  let tabulated n0 f =
    tabulated_from f (Integers.natural n0) Integers.zero

  (** val listed_from : 'a1 list -> Integers.t -> 'a1 array **)

  let rec listed_from l i =
    match l with
    | [] -> PositiveMap.empty
    | a :: l0 ->
      PositiveMap.add (slot i) a
        (listed_from l0 (Integers.add i (Integers.of_positive Integers.XH)))

  (** val listed : 'a1 list -> 'a1 array **)

  let listed l =
    listed_from l Integers.zero

  (** val number_in : Num.t array -> Integers.t -> Num.t **)

  let number_in cell k =
    match look cell k with
    | Some v -> v
    | None -> Num.zero

  type sheet = { sheet_height : Integers.t; sheet_width : Integers.t;
                 sheet_channels : Integers.t; sheet_unit : Num.t;
                 sheet_cells : Num.t array array array }

  (** val sheet_height : sheet -> Integers.t **)

  let sheet_height s =
    s.sheet_height

  (** val sheet_width : sheet -> Integers.t **)

  let sheet_width s =
    s.sheet_width

  (** val sheet_channels : sheet -> Integers.t **)

  let sheet_channels s =
    s.sheet_channels

  (** val sheet_unit : sheet -> Num.t **)

  let sheet_unit s =
    s.sheet_unit

  (** val sheet_cells : sheet -> Num.t array array array **)

  let sheet_cells s =
    s.sheet_cells

  (** val cell_at :
      sheet -> Integers.t -> Integers.t -> Num.t array option **)

  let cell_at x i j =
    match look (sheet_cells x) i with
    | Some row0 -> look row0 j
    | None -> None

  (** val number_at :
      sheet -> Integers.t -> Integers.t -> Integers.t -> Num.t **)

  let number_at x k i j =
    match cell_at x i j with
    | Some cell -> number_in cell k
    | None -> Num.zero

  (** val sheet_of :
      Integers.t -> Integers.t -> Integers.t -> Num.t -> (Integers.t ->
      Integers.t -> Num.t array) -> sheet **)

  let sheet_of h w channels0 unit0 cell =
    { sheet_height = h; sheet_width = w; sheet_channels = channels0;
      sheet_unit = unit0; sheet_cells =
      (tabulated h (fun i -> tabulated w (cell i))) }

  (** val sheet_of_lists :
      Integers.t -> Integers.t -> Integers.t -> Num.t -> Num.t list list list
      -> sheet **)

  let sheet_of_lists h w channels0 unit0 l =
    let planes = listed (map (fun plane -> listed (map listed plane)) l) in
    sheet_of h w channels0 unit0 (fun i j ->
      tabulated channels0 (fun k ->
        match look planes k with
        | Some plane ->
          (match look plane i with
           | Some row0 -> number_in row0 j
           | None -> Num.zero)
        | None -> Num.zero))

  (** val sheet_numbers : sheet -> Num.t list list list **)

  let sheet_numbers x =
    map (fun k ->
      map (fun i ->
        map (number_at x k i) (span Integers.zero (sheet_width x)))
        (span Integers.zero (sheet_height x)))
      (span Integers.zero (sheet_channels x))

  (** val changed : Num.t -> (Num.t -> Num.t) -> sheet -> sheet **)

  let changed unit0 f x =
    sheet_of (sheet_height x) (sheet_width x) (sheet_channels x) unit0
      (fun i j ->
      match cell_at x i j with
      | Some cell ->
        tabulated (sheet_channels x) (fun k -> f (number_in cell k))
      | None -> PositiveMap.empty)

  (** val sheet_places : sheet -> (Integers.t * Integers.t) list **)

  let sheet_places x =
    list_prod (span Integers.zero (sheet_height x))
      (span Integers.zero (sheet_width x))

  (** val sum_of : Num.t list -> Num.t **)

  let sum_of l =
    fold_right Num.add Num.zero l

  (** val largest_of : Num.t list -> Num.t **)

  let largest_of = function
  | [] -> Num.zero
  | a :: l0 -> fold_right largest a l0

  (** val slid :
      level -> level -> sheet -> Integers.t -> Num.t -> (Integers.t ->
      Integers.t -> Num.t array) -> sheet **)

  let slid d a x channels0 unit0 cell =
    sheet_of (above d (sheet_height x)) (above a (sheet_width x)) channels0
      unit0 (fun i j ->
      cell (Integers.sub (Integers.mul i d.stride) d.before)
        (Integers.sub (Integers.mul j a.stride) a.before))

  type channel_weights = (Integers.positive * Num.t) list

  (** val by_place :
      Integers.t -> (((Integers.t * Integers.t) * Integers.t) * Num.t) list
      -> channel_weights array **)

  let rec by_place across = function
  | [] -> PositiveMap.empty
  | p :: l0 ->
    let (p0, w) = p in
    let (p1, j) = p0 in
    let (k, i) = p1 in
    let m = by_place across l0 in
    let p2 = Integers.add (Integers.mul i across) j in
    PositiveMap.add (slot p2) (((slot ((fun n -> n) k)),
      w) :: (match look m p2 with
             | Some l1 -> l1
             | None -> [])) m

  (** val place_weights :
      Integers.t -> Integers.t ->
      (((Integers.t * Integers.t) * Integers.t) * Num.t) list list ->
      channel_weights list array **)

  let place_weights area across taps =
    let outputs = map (by_place across) taps in
    tabulated area (fun p ->
      map (fun m -> match look m p with
                    | Some l -> l
                    | None -> []) outputs)

  (** val part_of : Num.t array -> channel_weights -> Num.t **)

  let part_of cell l =
    fold_right (fun kw total0 ->
      match PositiveMap.find (fst kw) cell with
      | Some v -> Num.add (Num.mul (snd kw) v) total0
      | None -> total0) Num.zero l

  (** val parts_of :
      channel_weights list array -> Num.t array -> Integers.t -> Num.t list **)

  let parts_of weights cell p =
    match look weights p with
    | Some l -> map (part_of cell) l
    | None -> []

  (** val same_cell : Num.t array -> Num.t array -> bool **)

  let rec same_cell a b =
    match a with
    | PositiveMap.Leaf ->
      (match b with
       | PositiveMap.Leaf -> true
       | PositiveMap.Node (_, _, _) -> false)
    | PositiveMap.Node (l, v, r) ->
      (match b with
       | PositiveMap.Leaf -> false
       | PositiveMap.Node (l', v', r') ->
         (&&)
           ((&&)
             (match v with
              | Some v0 ->
                (match v' with
                 | Some v'0 -> Num.eqb v0 v'0
                 | None -> false)
              | None -> (match v' with
                         | Some _ -> false
                         | None -> true)) (same_cell l l')) (same_cell r r'))

  (** val different_cells :
      Integers.t -> Num.t array list -> Num.t array list -> Num.t array list **)

  let rec different_cells room found = function
  | [] -> found
  | cell :: l0 ->
    if existsb (same_cell cell) found
    then different_cells room found l0
    else (Integers.nat_case
            (fun _ -> found)
            (fun room0 -> different_cells room0 (cell :: found) l0)
            room)

  type prepared =
  | Plain of Num.t array
  | Ready of Num.t list array

  (** val prepared_rect :
      (Num.t array -> 'a1) -> (Num.t list array -> 'a1) -> prepared -> 'a1 **)

  let prepared_rect f f0 = function
  | Plain cell -> f cell
  | Ready parts -> f0 parts

  (** val prepared_rec :
      (Num.t array -> 'a1) -> (Num.t list array -> 'a1) -> prepared -> 'a1 **)

  let prepared_rec f f0 = function
  | Plain cell -> f cell
  | Ready parts -> f0 parts

  (** val prepare :
      (Num.t array * Num.t list array) list -> Num.t array -> prepared **)

  let prepare ready cell =
    match find (fun known0 -> same_cell (fst known0) cell) ready with
    | Some known0 -> Ready (snd known0)
    | None -> Plain cell

  (** val prepared_parts :
      channel_weights list array -> prepared -> Integers.t -> Num.t list **)

  let prepared_parts weights e p =
    match e with
    | Plain cell -> parts_of weights cell p
    | Ready parts -> (match look parts p with
                      | Some l -> l
                      | None -> [])

  (** val mapped : ('a1 -> 'a2) -> 'a1 array -> 'a2 array **)

  let rec mapped f = function
  | PositiveMap.Leaf -> PositiveMap.Leaf
  | PositiveMap.Node (l, v, r) ->
    PositiveMap.Node ((mapped f l), (option_map f v), (mapped f r))

  (** val prepared_cells :
      Integers.t -> channel_weights list array -> sheet -> prepared array
      array **)

  let prepared_cells area weights x =
    let cells =
      flat_map (fun p ->
        match cell_at x (fst p) (snd p) with
        | Some cell -> cell :: []
        | None -> []) (sheet_places x)
    in
    let ready =
      map (fun cell -> (cell, (tabulated area (parts_of weights cell))))
        (different_cells (Integers.succ (Integers.succ (Integers.succ
          (Integers.succ (Integers.succ (Integers.succ (Integers.succ
          (Integers.succ (Integers.succ (Integers.succ (Integers.succ
          (Integers.succ (Integers.succ (Integers.succ (Integers.succ
          (Integers.succ (Integers.succ (Integers.succ (Integers.succ
          (Integers.succ (Integers.succ (Integers.succ (Integers.succ
          (Integers.succ (Integers.succ (Integers.succ (Integers.succ
          (Integers.succ (Integers.succ (Integers.succ (Integers.succ
          (Integers.succ Integers.zero)))))))))))))))))))))))))))))))) []
          cells)
    in
    mapped (mapped (prepare ready)) (sheet_cells x)

  (** val add_lists : Num.t list -> Num.t list -> Num.t list **)

  let rec add_lists l m =
    match l with
    | [] -> []
    | a :: l0 ->
      (match m with
       | [] -> []
       | b :: m0 -> (Num.add a b) :: (add_lists l0 m0))

  (** val window_outputs :
      channel_weights list array -> prepared array array ->
      ((Integers.t * Integers.t) * Integers.t) list -> Num.t list ->
      Integers.t -> Integers.t -> Num.t list **)

  let window_outputs weights cells places0 total0 r c =
    fold_left (fun total1 p ->
      let (y, n0) = p in
      let (i, j) = y in
      (match look cells (Integers.add r i) with
       | Some row0 ->
         (match look row0 (Integers.add c j) with
          | Some e -> add_lists total1 (prepared_parts weights e n0)
          | None -> total1)
       | None -> total1)) places0 total0

  (** val numbered_places :
      level -> level -> ((Integers.t * Integers.t) * Integers.t) list **)

  let numbered_places d a =
    map (fun p -> (p,
      (Integers.add (Integers.mul (fst p) a.kernel) (snd p))))
      (list_prod (span Integers.zero d.kernel) (span Integers.zero a.kernel))

  (** val cells_of :
      level -> level -> sheet -> Integers.t -> Integers.t -> Num.t array list **)

  let cells_of d a x r c =
    flat_map (fun p ->
      match cell_at x (Integers.add r (fst p)) (Integers.add c (snd p)) with
      | Some cell -> cell :: []
      | None -> [])
      (list_prod (span Integers.zero d.kernel) (span Integers.zero a.kernel))

  (** val apply_layer : stem_layer -> sheet -> sheet **)

  let apply_layer l x =
    match l with
    | SConv (_, d, a, taps, bias, u) ->
      let area = Integers.mul d.kernel a.kernel in
      let weights = place_weights area a.kernel taps in
      let cells = prepared_cells area weights x in
      let places0 = numbered_places d a in
      let biases =
        map (fun o -> Num.mul (sheet_unit x) (nth o bias Num.zero))
          (numbers_of taps)
      in
      slid d a x ((fun n -> n) (length taps)) (Num.mul (sheet_unit x) u)
        (fun r c -> listed (window_outputs weights cells places0 biases r c))
    | SRelu ->
      { sheet_height = (sheet_height x); sheet_width = (sheet_width x);
        sheet_channels = (sheet_channels x); sheet_unit = (sheet_unit x);
        sheet_cells =
        (mapped (mapped (mapped (largest Num.zero))) (sheet_cells x)) }
    | SMaxPool (d, a) ->
      slid d a x (sheet_channels x) (sheet_unit x) (fun r c ->
        let cells = cells_of d a x r c in
        tabulated (sheet_channels x) (fun k ->
          largest_of (map (fun cell -> number_in cell k) cells)))
    | SAvgPool (d, a) ->
      slid d a x (sheet_channels x)
        (Num.mul (sheet_unit x) (cells_number d a)) (fun r c ->
        let cells = cells_of d a x r c in
        tabulated (sheet_channels x) (fun k ->
          sum_of (map (fun cell -> number_in cell k) cells)))

  (** val apply_layers : stem_layer list -> sheet -> sheet **)

  let apply_layers l x =
    fold_left (fun x0 a -> apply_layer a x0) l x

  (** val channels_after :
      stem_layer list -> Integers.t -> Integers.t option **)

  let rec channels_after l n0 =
    match l with
    | [] -> Some n0
    | s :: l0 ->
      (match s with
       | SConv (inputs, _, _, taps, _, u) ->
         if (&&) (Integers.leb inputs n0) (positive u)
         then channels_after l0 ((fun n -> n) (length taps))
         else None
       | _ -> channels_after l0 n0)

  type extra = { extra_at : Integers.t; extra_lines : Integers.t }

  (** val extra_at : extra -> Integers.t **)

  let extra_at e =
    e.extra_at

  (** val extra_lines : extra -> Integers.t **)

  let extra_lines e =
    e.extra_lines

  (** val no_extra : extra **)

  let no_extra =
    { extra_at = Integers.zero; extra_lines = Integers.zero }

  (** val weight_of : extra -> Integers.t -> Integers.t **)

  let weight_of e i =
    if Integers.eqb i (extra_at e)
    then Integers.add (Integers.of_positive Integers.XH) (extra_lines e)
    else Integers.of_positive Integers.XH

  (** val pool_positions : extra -> extra -> sheet -> Num.t **)

  let pool_positions rows columns x =
    of_Z
      (Integers.mul (Integers.add (sheet_height x) (extra_lines rows))
        (Integers.add (sheet_width x) (extra_lines columns)))

  (** val pooled_number :
      pool_kind -> extra -> extra -> sheet -> Integers.t -> Num.t **)

  let pooled_number p rows columns x k =
    match p with
    | PoolMax ->
      largest_of
        (map (fun ij -> number_at x k (fst ij) (snd ij)) (sheet_places x))
    | _ ->
      sum_of
        (map (fun ij ->
          Num.mul
            (of_Z
              (Integers.mul (weight_of rows (fst ij))
                (weight_of columns (snd ij))))
            (number_at x k (fst ij) (snd ij))) (sheet_places x))

  (** val pooled_sheet : pool_kind -> extra -> extra -> sheet -> sheet **)

  let pooled_sheet p rows columns x =
    sheet_of (Integers.of_positive Integers.XH) (Integers.of_positive
      Integers.XH) (sheet_channels x)
      (match p with
       | PoolMean -> Num.mul (sheet_unit x) (pool_positions rows columns x)
       | _ -> sheet_unit x) (fun _ _ ->
      tabulated (sheet_channels x) (pooled_number p rows columns x))

  (** val read_sheet : statement -> sheet -> sheet **)

  let read_sheet st x =
    if bytes st
    then let c =
           of_Z (Integers.of_positive (Integers.XI (Integers.XI (Integers.XI
             (Integers.XI (Integers.XI (Integers.XI (Integers.XI
             Integers.XH))))))))
         in
         changed
           (Num.mul (sheet_unit x) (Num.add (bright st) (Num.opp (dark st))))
           (fun v ->
           Num.mul c
             (Num.add (Num.mul v (grid st))
               (Num.opp (Num.mul (dark st) (sheet_unit x))))) x
    else x

  (** val stem_sheet : statement -> sheet -> sheet **)

  let stem_sheet st x =
    apply_layers (stem st) (read_sheet st x)

  (** val logits_sheet : statement -> sheet -> sheet **)

  let logits_sheet st pooled =
    apply_layers (head_layers st) pooled

  (** val channels_okb : statement -> bool **)

  let channels_okb st =
    match channels_after (app (stem st) (head_layers st)) (channels st) with
    | Some n0 -> Integers.leb ((fun n -> n) (length (classes st))) n0
    | None -> false

  (** val fine_sheet : statement -> sheet -> sheet **)

  let fine_sheet st x =
    changed (Num.mul (sheet_unit x) (grid st)) (Num.mul (grid st)) x

  (** val template_cells :
      statement -> Num.t -> feature -> (Num.t * Num.t) list ->
      (place * (Num.t * Num.t)) list **)

  let template_cells st unit0 g box =
    map (fun p ->
      let (y, j) = p in
      let (k, i) = y in
      (p,
      (match entry g box k i j with
       | Some ab -> ((Num.mul unit0 (fst ab)), (Num.mul unit0 (snd ab)))
       | None -> (Num.zero, Num.zero))))
      (window_places st g Integers.zero Integers.zero)

  (** val excess_part :
      sheet -> Integers.t -> Integers.t -> (place * (Num.t * Num.t)) -> Num.t **)

  let excess_part x r c = function
  | (p, p0) ->
    let (p1, j) = p in
    let (k, i) = p1 in
    let (a, b) = p0 in
    let v = number_at x ((fun n -> n) k) (Integers.add r i) (Integers.add c j)
    in
    Num.add (largest Num.zero (Num.add v (Num.opp b)))
      (largest Num.zero (Num.add a (Num.opp v)))

  (** val excess_number :
      sheet -> (place * (Num.t * Num.t)) list -> Integers.t -> Integers.t ->
      Num.t **)

  let excess_number x cells r c =
    sum_of (map (excess_part x r c) cells)

  (** val corners : sheet -> feature -> (Integers.t * Integers.t) list **)

  let corners x g =
    list_prod
      (span Integers.zero
        (Integers.add (Integers.sub (sheet_height x) (f_rows g))
          (Integers.of_positive Integers.XH)))
      (span Integers.zero
        (Integers.add (Integers.sub (sheet_width x) (f_columns g))
          (Integers.of_positive Integers.XH)))

  (** val excesses : statement -> Num.t -> sheet -> feature -> Num.t list **)

  let excesses st unit0 fine g =
    flat_map (fun box ->
      let cells = template_cells st unit0 g box in
      map (fun rc -> excess_number fine cells (fst rc) (snd rc))
        (corners fine g)) (f_templates g)

  (** val containsb : Num.t list -> bool **)

  let containsb l =
    existsb (fun e -> Num.eqb e Num.zero) l

  (** val avoidsb : Num.t -> feature -> Num.t list -> bool **)

  let avoidsb unit0 g l =
    forallb (fun e ->
      Num.leb (Num.mul (over (f_gap g)) unit0) (Num.mul e (under (f_gap g))))
      l

  (** val far : Num.t -> feature -> Num.t -> bool **)

  let far unit0 g e =
    (&&) (negb (Num.leb e Num.zero))
      (Num.leb (Num.mul (over (f_gap g)) unit0) (Num.mul e (under (f_gap g))))

  (** val excess_until :
      (Num.t -> bool) -> sheet -> Integers.t -> Integers.t -> Num.t ->
      (place * (Num.t * Num.t)) list -> Num.t **)

  let rec excess_until enough x r c e = function
  | [] -> e
  | t0 :: cells0 ->
    if enough e
    then e
    else excess_until enough x r c (Num.add e (excess_part x r c t0)) cells0

  (** val excesses_until_far :
      statement -> Num.t -> sheet -> feature -> Num.t list **)

  let excesses_until_far st unit0 fine g =
    flat_map (fun box ->
      let cells = template_cells st unit0 g box in
      map (fun rc ->
        excess_until (far (sheet_unit fine) g) fine (fst rc) (snd rc)
          Num.zero cells) (corners fine g)) (f_templates g)

  (** val feature_states : statement -> sheet -> (bool * bool) list **)

  let feature_states st x =
    let fine = fine_sheet st x in
    map (fun g ->
      let l = excesses_until_far st (sheet_unit x) fine g in
      ((containsb l), (avoidsb (sheet_unit fine) g l))) (features st)

  (** val alternative_true : (bool * bool) list -> alternative -> bool **)

  let alternative_true states a =
    (&&)
      (forallb (fun n0 ->
        match nth_error states n0 with
        | Some s -> fst s
        | None -> true) a.requires)
      (forallb (fun n0 ->
        match nth_error states n0 with
        | Some s -> snd s
        | None -> true) a.forbids)

  (** val formula_true : (bool * bool) list -> class0 -> bool **)

  let formula_true states = function
  | AnyOf l -> existsb (alternative_true states) l
  | Otherwise -> false

  (** val class_true : statement -> (bool * bool) list -> class0 -> bool **)

  let class_true st states c = match c with
  | AnyOf _ -> formula_true states c
  | Otherwise ->
    forallb (fun c0 -> negb (formula_true states c0)) (classes st)

  (** val true_classes :
      statement -> (bool * bool) list -> Integers.t list **)

  let true_classes st states =
    filter (fun y ->
      match nth_error (classes st) y with
      | Some c -> class_true st states c
      | None -> false) (numbers_of (classes st))

  (** val label_in : statement -> (bool * bool) list -> Integers.t option **)

  let label_in st states =
    match true_classes st states with
    | [] -> None
    | y :: l -> (match l with
                 | [] -> Some y
                 | _ :: _ -> None)

  (** val decidedb : (bool * bool) list -> bool **)

  let decidedb states =
    forallb (fun s -> (||) (fst s) (snd s)) states

  (** val label_of : statement -> sheet -> Integers.t option **)

  let label_of st x =
    label_in st (feature_states st x)

  (** val is_imageb : statement -> sheet -> bool **)

  let is_imageb st x =
    (&&)
      ((&&)
        (Integers.leb (Integers.of_positive Integers.XH) (sheet_height x))
        (Integers.leb (Integers.of_positive Integers.XH) (sheet_width x)))
      (forallb (fun ij ->
        forallb (fun k ->
          let v = Num.mul (grid st) (number_at x k (fst ij) (snd ij)) in
          (&&) (Num.leb (Num.mul (dark st) (sheet_unit x)) v)
            (Num.leb v (Num.mul (bright st) (sheet_unit x))))
          (span Integers.zero ((fun n -> n) (channels st)))) (sheet_places x))

  (** val admissibleb : statement -> sheet -> bool **)

  let admissibleb st x =
    (&&) (is_imageb st x)
      (let states = feature_states st x in
       (&&) (decidedb states)
         (match label_in st states with
          | Some _ -> true
          | None -> false))

  type evaluation = { e_stem : sheet; e_pooled : sheet; e_logits : sheet;
                      e_states : (bool * bool) list; e_is_image : bool;
                      e_label : Integers.t option }

  (** val e_stem : evaluation -> sheet **)

  let e_stem e =
    e.e_stem

  (** val e_pooled : evaluation -> sheet **)

  let e_pooled e =
    e.e_pooled

  (** val e_logits : evaluation -> sheet **)

  let e_logits e =
    e.e_logits

  (** val e_states : evaluation -> (bool * bool) list **)

  let e_states e =
    e.e_states

  (** val e_is_image : evaluation -> bool **)

  let e_is_image e =
    e.e_is_image

  (** val e_label : evaluation -> Integers.t option **)

  let e_label e =
    e.e_label

  (** val evaluate : statement -> sheet -> evaluation **)

  let evaluate st x =
    let out = stem_sheet st x in
    let pooled = pooled_sheet (pool st) no_extra no_extra out in
    let states = feature_states st x in
    { e_stem = out; e_pooled = pooled; e_logits = (logits_sheet st pooled);
    e_states = states; e_is_image = (is_imageb st x); e_label =
    (label_in st states) }

  type witness = { core_height : Integers.t; core_width : Integers.t;
                   full_height : Integers.t; full_width : Integers.t;
                   repeated_row : Integers.t; repeated_column : Integers.t;
                   core_unit : Num.t; core_numbers : Num.t list list list }

  (** val core_height : witness -> Integers.t **)

  let core_height w =
    w.core_height

  (** val core_width : witness -> Integers.t **)

  let core_width w =
    w.core_width

  (** val full_height : witness -> Integers.t **)

  let full_height w =
    w.full_height

  (** val full_width : witness -> Integers.t **)

  let full_width w =
    w.full_width

  (** val repeated_row : witness -> Integers.t **)

  let repeated_row w =
    w.repeated_row

  (** val repeated_column : witness -> Integers.t **)

  let repeated_column w =
    w.repeated_column

  (** val core_unit : witness -> Num.t **)

  let core_unit w =
    w.core_unit

  (** val core_numbers : witness -> Num.t list list list **)

  let core_numbers w =
    w.core_numbers

  (** val core_sheet : statement -> witness -> sheet **)

  let core_sheet st w =
    sheet_of_lists (core_height w) (core_width w)
      ((fun n -> n) (channels st)) (core_unit w) (core_numbers w)

  (** val unstretched :
      Integers.t -> Integers.t -> Integers.t -> Integers.t **)

  let unstretched p more0 i =
    if Integers.ltb i p
    then i
    else if Integers.leb i (Integers.add p more0)
         then p
         else Integers.sub i more0

  (** val stretched :
      witness -> sheet -> Integers.t -> Integers.t -> sheet **)

  let stretched w core height width =
    sheet_of height width (sheet_channels core) (sheet_unit core) (fun i j ->
      match cell_at core
              (unstretched (repeated_row w)
                (Integers.sub height (core_height w)) i)
              (unstretched (repeated_column w)
                (Integers.sub width (core_width w)) j) with
      | Some cell -> cell
      | None -> PositiveMap.empty)

  (** val witness_sheet : statement -> witness -> sheet **)

  let witness_sheet st w =
    stretched w (core_sheet st w) (full_height w) (full_width w)

  (** val run_above :
      level -> (Integers.t * Integers.t) -> Integers.t * Integers.t **)

  let run_above l run =
    ((Integers.opp
       (Integers.div (Integers.opp (Integers.add (fst run) l.before))
         l.stride)),
      (Integers.add
        (Integers.div
          (Integers.sub (Integers.add (snd run) l.before) l.kernel) l.stride)
        (Integers.of_positive Integers.XH)))

  (** val run_through :
      level list -> (Integers.t * Integers.t) -> (Integers.t * Integers.t)
      option **)

  let rec run_through levels run =
    match levels with
    | [] -> Some run
    | l :: levels0 ->
      let run0 = run_above l run in
      if Integers.ltb (fst run0) (snd run0)
      then run_through levels0 run0
      else None

  (** val shorter :
      level list -> Integers.t list -> Integers.t -> Integers.t -> Integers.t
      -> Integers.t * extra **)

  let shorter levels sizes core full p =
    let step0 = step levels in
    let reach = fold_right Integers.max (field levels) sizes in
    let steps =
      Integers.max Integers.zero
        (Integers.add
          (Integers.div
            (Integers.sub
              (Integers.sub
                (Integers.add (Integers.sub full core) (Integers.of_positive
                  (Integers.XO Integers.XH))) reach)
              (Integers.mul (Integers.of_positive (Integers.XO Integers.XH))
                step0)) step0) (Integers.of_positive Integers.XH))
    in
    let length0 = Integers.sub full (Integers.mul steps step0) in
    let run = (p,
      (Integers.add (Integers.add p (Integers.sub length0 core))
        (Integers.of_positive Integers.XH)))
    in
    if (&&) (Integers.leb core length0)
         (forallb (fun size0 ->
           match run_through ({ kernel = size0; stride =
                   (Integers.of_positive Integers.XH); before =
                   Integers.zero; after = Integers.zero } :: []) run with
           | Some _ -> true
           | None -> false) sizes)
    then (match run_through levels run with
          | Some p0 ->
            let (first, _) = p0 in
            (length0, { extra_at = first; extra_lines = steps })
          | None -> (full, no_extra))
    else (full, no_extra)

  (** val within : Integers.t -> Integers.t option -> Integers.t -> bool **)

  let within least most n0 =
    (&&) (Integers.leb least n0)
      (match most with
       | Some m -> Integers.leb n0 m
       | None -> true)

  (** val leads_by_margin : statement -> sheet -> Integers.t -> bool **)

  let leads_by_margin st logits y =
    let logit = fun z0 ->
      number_at logits ((fun n -> n) z0) Integers.zero Integers.zero
    in
    forallb (fun z0 ->
      (||) (Integers.eqb z0 y)
        (Num.leb (Num.mul (over (margin st)) (sheet_unit logits))
          (Num.mul (Num.add (logit y) (Num.opp (logit z0)))
            (under (margin st))))) (numbers_of (classes st))

  (** val check_witness : statement -> Integers.t -> witness -> bool **)

  let check_witness st y w =
    (&&)
      ((&&)
        ((&&)
          ((&&)
            ((&&)
              ((&&)
                ((&&)
                  ((&&)
                    ((&&) (Integers.leb Integers.zero (repeated_row w))
                      (Integers.ltb (repeated_row w) (core_height w)))
                    (Integers.leb (core_height w) (full_height w)))
                  (Integers.leb Integers.zero (repeated_column w)))
                (Integers.ltb (repeated_column w) (core_width w)))
              (Integers.leb (core_width w) (full_width w)))
            (within (least_height st) (most_height st) (full_height w)))
          (within (least_width st) (most_width st) (full_width w)))
        (positive (core_unit w)))
      (let (height, rows) =
         shorter (row_levels (stem st)) (map f_rows (features st))
           (core_height w) (full_height w) (repeated_row w)
       in
       let (width, columns) =
         shorter (column_levels (stem st)) (map f_columns (features st))
           (core_width w) (full_width w) (repeated_column w)
       in
       let x = stretched w (core_sheet st w) height width in
       let states = feature_states st x in
       (&&)
         ((&&) ((&&) (is_imageb st x) (decidedb states))
           (match label_in st states with
            | Some z0 -> Integers.eqb z0 y
            | None -> false))
         (leads_by_margin st
           (logits_sheet st
             (pooled_sheet (pool st) rows columns (stem_sheet st x))) y))

  (** val check_witnesses : statement -> witness list -> bool **)

  let check_witnesses st l =
    (&&) (channels_okb st)
      (each (check_witness st) (numbers_of (classes st)) l)

  (** val check_certificate :
      statement -> certificate -> witness list -> bool **)

  let check_certificate st cert l =
    (&&) (check_instance st cert) (check_witnesses st l)

  (** val finest : Num.t **)

  let finest =
    of_Z
      (Z.pow (Integers.of_positive (Integers.XO Integers.XH))
        (Integers.of_positive (Integers.XO (Integers.XO (Integers.XO
        (Integers.XO (Integers.XO (Integers.XO (Integers.XO (Integers.XO
        Integers.XH))))))))))

  (** val two_23 : Num.t **)

  let two_23 =
    of_Z
      (Z.pow (Integers.of_positive (Integers.XO Integers.XH))
        (Integers.of_positive (Integers.XI (Integers.XI (Integers.XI
        (Integers.XO Integers.XH))))))

  (** val two_24 : Num.t **)

  let two_24 =
    of_Z
      (Z.pow (Integers.of_positive (Integers.XO Integers.XH))
        (Integers.of_positive (Integers.XO (Integers.XO (Integers.XO
        (Integers.XI Integers.XH))))))

  (** val two_108 : Num.t **)

  let two_108 =
    of_Z
      (Z.pow (Integers.of_positive (Integers.XO Integers.XH))
        (Integers.of_positive (Integers.XO (Integers.XO (Integers.XI
        (Integers.XI (Integers.XO (Integers.XI Integers.XH))))))))

  (** val two_126 : Num.t **)

  let two_126 =
    of_Z
      (Z.pow (Integers.of_positive (Integers.XO Integers.XH))
        (Integers.of_positive (Integers.XO (Integers.XI (Integers.XI
        (Integers.XI (Integers.XI (Integers.XI Integers.XH))))))))

  (** val two_130 : Num.t **)

  let two_130 =
    of_Z
      (Z.pow (Integers.of_positive (Integers.XO Integers.XH))
        (Integers.of_positive (Integers.XO (Integers.XI (Integers.XO
        (Integers.XO (Integers.XO (Integers.XO (Integers.XO
        Integers.XH)))))))))

  (** val two_149 : Num.t **)

  let two_149 =
    of_Z
      (Z.pow (Integers.of_positive (Integers.XO Integers.XH))
        (Integers.of_positive (Integers.XI (Integers.XO (Integers.XI
        (Integers.XO (Integers.XI (Integers.XO (Integers.XO
        Integers.XH)))))))))

  (** val two_276 : Num.t **)

  let two_276 =
    of_Z
      (Z.pow (Integers.of_positive (Integers.XO Integers.XH))
        (Integers.of_positive (Integers.XO (Integers.XO (Integers.XI
        (Integers.XO (Integers.XI (Integers.XO (Integers.XO (Integers.XO
        Integers.XH))))))))))

  (** val lesser : Num.t -> Num.t -> Num.t **)

  let lesser a b =
    if Num.leb a b then a else b

  (** val divided_up : Num.t -> Num.t -> Num.t **)

  let divided_up a b =
    Num.opp (Num.div (Num.opp a) b)

  (** val power_of_twob : Num.t -> bool **)

  let power_of_twob a =
    (&&) (positive a) (Num.eqb (Num.gcd a finest) a)

  (** val float32b : Num.t -> Num.t -> bool **)

  let float32b unit0 w =
    (||) (Num.eqb w Num.zero)
      (let a = Num.mul (absolute w) two_149 in
       let n0 = Num.div a unit0 in
       (&&)
         ((&&) ((&&) (Num.eqb (Num.mul n0 unit0) a) (Num.leb two_23 n0))
           (strictly_below n0 two_276))
         (strictly_below (Num.div n0 (Num.gcd n0 two_276)) two_24))

  type span = { span_low : Num.t; span_high : Num.t; span_error : Num.t }

  (** val span_low : span -> Num.t **)

  let span_low s =
    s.span_low

  (** val span_high : span -> Num.t **)

  let span_high s =
    s.span_high

  (** val span_error : span -> Num.t **)

  let span_error s =
    s.span_error

  type progress = { spans : span list; spacing : Num.t option }

  (** val spans : progress -> span list **)

  let spans p =
    p.spans

  (** val spacing : progress -> Num.t option **)

  let spacing p =
    p.spacing

  (** val span_size : span -> Num.t **)

  let span_size b =
    Num.add (largest (Num.opp (span_low b)) (span_high b)) (span_error b)

  (** val with_zero : span -> span **)

  let with_zero b =
    { span_low = (lesser Num.zero (span_low b)); span_high =
      (largest Num.zero (span_high b)); span_error = (span_error b) }

  (** val relu_span : span -> span **)

  let relu_span b =
    { span_low = (largest Num.zero (span_low b)); span_high =
      (largest Num.zero (span_high b)); span_error = (span_error b) }

  (** val is_padded : level -> level -> bool **)

  let is_padded down across =
    Integers.ltb Integers.zero
      (Integers.add
        (Integers.add (Integers.add down.before across.before) down.after)
        across.after)

  (** val padded_spans : level -> level -> span list -> span list **)

  let padded_spans down across l =
    if is_padded down across then map with_zero l else l

  type sums = { sum_low : Num.t; sum_high : Num.t; sum_size : Num.t;
                sum_error : Num.t; sum_terms : Num.t }

  (** val sum_low : sums -> Num.t **)

  let sum_low s =
    s.sum_low

  (** val sum_high : sums -> Num.t **)

  let sum_high s =
    s.sum_high

  (** val sum_size : sums -> Num.t **)

  let sum_size s =
    s.sum_size

  (** val sum_error : sums -> Num.t **)

  let sum_error s =
    s.sum_error

  (** val sum_terms : sums -> Num.t **)

  let sum_terms s =
    s.sum_terms

  (** val sums_of_bias : Num.t -> sums **)

  let sums_of_bias b =
    { sum_low = (Num.mul b finest); sum_high = (Num.mul b finest); sum_size =
      (Num.mul (absolute b) finest); sum_error = Num.zero; sum_terms =
      Num.zero }

  (** val add_product : Num.t -> span -> sums -> sums **)

  let add_product w b s =
    let up = Num.leb Num.zero w in
    { sum_low =
    (Num.add (sum_low s) (Num.mul w (if up then span_low b else span_high b)));
    sum_high =
    (Num.add (sum_high s)
      (Num.mul w (if up then span_high b else span_low b))); sum_size =
    (Num.add (sum_size s) (Num.mul (absolute w) (span_size b))); sum_error =
    (Num.add (sum_error s) (Num.mul (absolute w) (span_error b)));
    sum_terms = (Num.add (sum_terms s) Num.one) }

  (** val row_sums :
      span list -> Num.t -> (Integers.t * Num.t) list -> sums option **)

  let rec row_sums l bias = function
  | [] -> Some (sums_of_bias bias)
  | p :: row1 ->
    let (k, w) = p in
    bind (nth_error l ((fun n -> n) k)) (fun b ->
      option_map (add_product w b) (row_sums l bias row1))

  (** val cell_sums : Num.t -> span -> sums **)

  let cell_sums n0 b =
    { sum_low = (Num.mul n0 (span_low b)); sum_high =
      (Num.mul n0 (span_high b)); sum_size = (Num.mul n0 (span_size b));
      sum_error = (Num.mul n0 (span_error b)); sum_terms = n0 }

  (** val position_sums : Num.t -> span -> sums **)

  let position_sums n0 b =
    let all0 =
      with_zero { span_low = (Num.mul n0 (span_low b)); span_high =
        (Num.mul n0 (span_high b)); span_error = (Num.mul n0 (span_error b)) }
    in
    { sum_low = (span_low all0); sum_high = (span_high all0); sum_size =
    (span_size all0); sum_error = (span_error all0); sum_terms =
    (Num.add n0 Num.one) }

  (** val roundings : sums -> Num.t **)

  let roundings s =
    Num.add (sum_terms s) (Num.add Num.one Num.one)

  (** val lost : Num.t -> sums -> Num.t **)

  let lost unit0 s =
    let k = roundings s in
    Num.add
      (divided_up (Num.mul (sum_size s) k) (Num.add two_24 (Num.opp k)))
      (Num.mul (Num.mul unit0 k) two_108)

  (** val finished : bool -> Num.t -> sums -> span **)

  let finished exact unit0 s =
    { span_low = (Num.div (sum_low s) unit0); span_high =
      (divided_up (sum_high s) unit0); span_error =
      (divided_up
        (if exact then sum_error s else Num.add (sum_error s) (lost unit0 s))
        unit0) }

  (** val exactly : Num.t -> sums list -> Num.t option -> bool **)

  let exactly unit0 found = function
  | Some s ->
    (&&) ((&&) (power_of_twob unit0) (Num.leb (Num.mul unit0 two_130) s))
      (forallb (fun x -> Num.leb (sum_size x) (Num.mul s two_24)) found)
  | None -> false

  (** val through_sums :
      Num.t -> bool -> Num.t option -> sums list -> progress option **)

  let through_sums unit0 mean step0 found =
    let limit =
      Num.mul (if mean then finest else Num.mul unit0 finest) two_126
    in
    let exact = exactly unit0 found step0 in
    if forallb (fun s ->
         (&&) (strictly_below (sum_size s) limit)
           (strictly_below (roundings s) two_23)) found
    then Some { spans = (map (finished exact unit0) found); spacing =
           (if exact
            then option_map (fun s -> Num.div s unit0) step0
            else None) }
    else None

  (** val tap_earlier :
      (((Integers.t * Integers.t) * Integers.t) * Num.t) ->
      (((Integers.t * Integers.t) * Integers.t) * Num.t) -> bool **)

  let tap_earlier t0 u =
    let (p, _) = t0 in
    let (p0, j) = p in
    let (k, i) = p0 in
    let (p1, _) = u in
    let (p2, s) = p1 in
    let (l, r) = p2 in
    (||) (Integers.ltb k l)
      ((&&) (Integers.eqb k l)
        ((||) (Integers.ltb i r) ((&&) (Integers.eqb i r) (Integers.ltb j s))))

  (** val float32_layer : stem_layer -> bool **)

  let float32_layer = function
  | SConv (_, _, _, taps, bias, u) ->
    (&&)
      (forallb (fun row0 ->
        (&&) (strictly_sorted tap_earlier row0)
          (forallb (fun t0 -> float32b u (snd t0)) row0)) taps)
      (forallb (float32b u) bias)
  | _ -> true

  (** val tap_channel :
      (((Integers.t * Integers.t) * Integers.t) * Num.t) -> Integers.t * Num.t **)

  let tap_channel = function
  | (p, w) -> let (p0, _) = p in let (k, _) = p0 in (k, w)

  (** val round_layer : stem_layer -> progress -> progress option **)

  let round_layer l p =
    match l with
    | SConv (_, d, a, taps, bias, u) ->
      if (&&) (positive u) (float32_layer l)
      then bind
             (all
               (map (fun rb ->
                 row_sums (padded_spans d a (spans p)) (snd rb)
                   (map tap_channel (fst rb))) (Coq__1.combine taps bias)))
             (through_sums u false (spacing p))
      else None
    | SRelu ->
      Some { spans = (map relu_span (spans p)); spacing = (spacing p) }
    | SMaxPool (d, a) ->
      if (&&) (padding_below_window d) (padding_below_window a)
      then Some p
      else None
    | SAvgPool (d, a) ->
      let n0 = cells_number d a in
      through_sums n0 true (spacing p)
        (map (cell_sums n0) (padded_spans d a (spans p)))

  (** val round_layers : stem_layer list -> progress -> progress option **)

  let rec round_layers l p =
    match l with
    | [] -> Some p
    | a :: l0 -> bind (round_layer a p) (round_layers l0)

  (** val input_span : statement -> span **)

  let input_span st =
    if bytes st
    then { span_low = Num.zero; span_high =
           (Num.mul
             (of_Z (Integers.of_positive (Integers.XI (Integers.XI
               (Integers.XI (Integers.XI (Integers.XI (Integers.XI
               (Integers.XI Integers.XH))))))))) finest); span_error =
           Num.zero }
    else { span_low = (Num.div (Num.mul (dark st) finest) (grid st));
           span_high = (divided_up (Num.mul (bright st) finest) (grid st));
           span_error = Num.zero }

  (** val input_step : Num.t option -> Num.t option **)

  let input_step q =
    bind q (fun q0 ->
      if power_of_twob q0 then Some (Num.div finest q0) else None)

  (** val round_input : statement -> Num.t option -> progress **)

  let round_input st q =
    { spans = (repeat (input_span st) ((fun n -> n) (channels st)));
      spacing = (input_step q) }

  (** val round_pool : statement -> progress -> progress option **)

  let round_pool st p =
    match pool st with
    | PoolMax -> Some p
    | PoolSum ->
      bind (most_positions st) (fun n0 ->
        through_sums Num.one false (spacing p)
          (map (position_sums (of_Z n0)) (spans p)))
    | PoolMean ->
      bind (most_positions st) (fun n0 ->
        through_sums (of_Z n0) true
          (if Integers.eqb (fewest_positions st) n0 then spacing p else None)
          (map (position_sums (of_Z n0)) (spans p)))

  (** val error_bound : statement -> Num.t option -> Num.t option **)

  let error_bound st q =
    bind (round_layers (stem st) (round_input st q)) (fun p ->
      bind (round_pool st p) (fun p0 ->
        bind (round_layers (head_layers st) p0) (fun p1 ->
          if Integers.eqb (length (spans p1)) (length (classes st))
          then Some
                 (fold_right (fun b e -> largest (span_error b) e) Num.zero
                   (spans p1))
          else None)))

  (** val with_margin : statement -> ratio -> statement **)

  let with_margin st m =
    { least_height = (least_height st); least_width = (least_width st);
      most_height = (most_height st); most_width = (most_width st); margin =
      m; grid = (grid st); channels = (channels st); dark = (dark st);
      bright = (bright st); bytes = (bytes st); features = (features st);
      classes = (classes st); stem = (stem st); pool = (pool st); head =
      (head st) }

  (** val demanded : statement -> Num.t -> ratio **)

  let demanded st e =
    let m = margin st in
    { over =
    (Num.add (Num.mul (over m) finest) (Num.mul (Num.add e e) (under m)));
    under = (Num.mul (under m) finest) }

  (** val exact_statement : statement -> Num.t option -> statement option **)

  let exact_statement st q =
    option_map (fun e -> with_margin st (demanded st e)) (error_bound st q)

  (** val check_float : statement -> Num.t option -> certificate -> bool **)

  let check_float st q cert =
    match exact_statement st q with
    | Some exact -> check_instance exact cert
    | None -> false

  (** val check_float_certificate :
      statement -> Num.t option -> certificate -> witness list -> bool **)

  let check_float_certificate st q cert l =
    match exact_statement st q with
    | Some exact -> check_certificate exact cert l
    | None -> false
 end
