(* The numbers of the extracted checker: zarith's. Hand-written, and trusted: each function has to do what the function
   of the same name does in Coq's library. Division rounds down; dividing by 0 gives 0, as in Coq. *)

type t = Z.t

type order = Eq | Lt | Gt

(* Coq's positive numbers stay what they are: the tables' keys, bit by bit. *)
type positive = XI of positive | XO of positive | XH

(* Small ones are made once; those of up to 62 bits by the machine's integers. *)
let small =
  let made = Array.make 4096 XH in
  for n = 2 to 4095 do
    made.(n) <- (if n land 1 = 0 then XO made.(n lsr 1) else XI made.(n lsr 1))
  done;
  made

let rec positive_of_int n =
  if n <= 1 then XH
  else if n < 4096 then small.(n)
  else if n land 1 = 0 then XO (positive_of_int (n lsr 1))
  else XI (positive_of_int (n lsr 1))

let rec to_positive n =
  if Z.fits_int n then positive_of_int (Z.to_int n)
  else if Z.is_even n then XO (to_positive (Z.shift_right n 1))
  else XI (to_positive (Z.shift_right n 1))

let rec of_positive p =
  let rec small p value bit =
    if bit > 1 lsl 60 then None
    else match p with XH -> Some (value + bit) | XO p -> small p value (2 * bit) | XI p -> small p (value + bit) (2 * bit)
  in
  match small p 0 1 with
  | Some n -> Z.of_int n
  | None -> (
      match p with
      | XH -> Z.one
      | XO p -> Z.shift_left (of_positive p) 1
      | XI p -> Z.succ (Z.shift_left (of_positive p) 1))

(* Case distinction on Coq's nat, N and Z. *)
let nat_case zero succ n = if Z.sign n <= 0 then zero () else succ (Z.pred n)

let n_case zero pos n = if Z.sign n <= 0 then zero () else pos (to_positive n)

let z_case zero pos neg z =
  match Z.sign z with 0 -> zero () | 1 -> pos (to_positive z) | _ -> neg (to_positive (Z.neg z))

let neg_positive p = Z.neg (of_positive p)

let succ_pos n = to_positive (Z.succ n)

let compare a b =
  let c = Z.compare a b in
  if c = 0 then Eq else if c < 0 then Lt else Gt

(* Differences of natural numbers end at 0; what is negative is the natural number 0. *)
let natural z = if Z.sign z < 0 then Z.zero else z

let sub_natural a b = natural (Z.sub a b)

let div a b = if Z.sign b = 0 then Z.zero else Z.fdiv a b

let modulo a b = if Z.sign b = 0 then a else Z.sub a (Z.mul b (Z.fdiv a b))

(* The interface [Numbers] of proofs/coq/Numbers.v. *)
let zero = Z.zero
let one = Z.one
let add = Z.add
let mul = Z.mul
let gcd = Z.gcd
let opp = Z.neg
let eqb = Z.equal
let leb = Z.leq

(* The rest of what Coq's library gives nat, N and Z. *)
let succ = Z.succ
let sub = Z.sub
let ltb = Z.lt
let max = Z.max
let min = Z.min
