(* Reads certificates (FORMAT.md, "Certificate") as the proved checker has them. Nothing rests on this reading: whatever
   it gives, the checker accepts only what proves the statement. *)

open Lines
module P = Statement.Proved

let z = Z.of_int

(* -- proofs -- *)

let proof_words = [ "lin"; "sub"; "chord"; "maxle"; "have"; "split"; "cut"; "choose"; "qed" ]

(* The integers `n a1 b1 .. an bn`, with [extra] numbers after the pairs. *)
let numbers extra tokens =
  let numbers = List.map integer tokens in
  match numbers with
  | n :: rest when Z.equal (Z.of_int (List.length rest - extra)) (Z.mul (z 2) n) -> rest
  | _ -> refuse "expected n pairs of numbers"

let combination tokens =
  let found = pairs (numbers 0 tokens) in
  need (List.for_all (fun (r, _) -> Z.sign r >= 0) found) "numbers of rows";
  found

let form tokens =
  let rec go = function
    | [ constant ] -> ([], constant)
    | v :: a :: rest ->
        need (Z.sign v >= 0) "numbers of variables";
        let terms, constant = go rest in
        ((v, a) :: terms, constant)
    | [] -> refuse "expected a form"
  in
  let terms, constant = go (numbers 1 tokens) in
  { P.terms; constant }

let variable token = z (count token)

let premise (row, factor) = if (row, factor) = ("-", "0") then None else Some (variable row, positive factor)

let proof_line tokens =
  match tokens with
  | "lin" :: rest -> P.Step (P.Lin (combination rest))
  | "sub" :: p :: q :: v :: s :: m :: rest ->
      let others = List.map (fun (u, b) -> (variable u, positive b)) (pairs rest) in
      need (count m = List.length others) "m pairs";
      P.Step (P.Sub (premise (p, q), variable v, positive s, others))
  | [ "chord"; v; p; q ] -> P.Step (P.Chord (variable v, variable p, variable q))
  | "maxle" :: v :: s :: rest -> P.Step (P.Maxle (variable v, positive s, List.map premise (pairs rest)))
  | "have" :: rest -> P.Close (P.Have (form rest))
  | [ "split"; v ] -> P.Close (P.Split (variable v))
  | "cut" :: rest -> P.Close (P.Cut (form rest))
  | [ "choose"; c ] -> P.Close (P.Choose (variable c))
  | "qed" :: rest -> P.Close (P.Qed (combination rest))
  | _ -> refuse "expected a proof line"

(* All lines of a proof follow one another, and no other lines look like them. *)
let proof lines =
  let rec go found = if List.mem (peek lines) proof_words then go (proof_line (next lines) :: found) else List.rev found in
  go []

(* -- witnesses -- *)

(* The image of a class: a core, and the size that it is stretched to. *)
let witness lines (st : P.statement) y =
  match List.map count (matching lines (Printf.sprintf "witness %d ? ? ? ? ? ?" y)) with
  | [ h; w; height; width; row; column ] ->
      let fits core size place least most =
        place < core && core <= size && Z.leq least (z size)
        && match most with None -> true | Some most -> Z.leq (z size) most
      in
      let rows = fits h height row st.least_height st.most_height in
      need (rows && fits w width column st.least_width st.most_width) "a core in an image of the range";
      let pixel token =
        let p, q = rational token in
        let inside = Z.leq (Z.mul st.dark q) (Z.mul p st.grid) && Z.leq (Z.mul p st.grid) (Z.mul st.bright q) in
        need inside "numbers in the pixel range";
        (p, q)
      in
      let line () =
        let tokens = next lines in
        need (List.compare_length_with tokens w = 0) "a number for each column";
        List.map pixel tokens
      in
      let lines = Statement.repeated (Z.to_int st.channels * h) line in
      let core_unit = Statement.lcm_of (List.concat_map (List.map snd) lines) in
      let core_numbers = Statement.cut h (List.map (List.map (Statement.whole core_unit)) lines) in
      {
        P.core_height = z h; core_width = z w;
        full_height = z height; full_width = z width;
        repeated_row = z row; repeated_column = z column;
        core_unit; core_numbers;
      }
  | _ -> refuse "expected a witness"

(* -- facts -- *)

type evidence = Box | Prove of P.proof | Same

type window = (Z.t * Z.t * Z.t * Z.t)

type statement_of_fact =
  | Floor of Z.t * (evidence list)
  | Upper of Z.t * int list * (P.seen_window list * evidence) list
  | Lower of int * int * Z.t * ((int * int) * evidence) list
  | Joint of int * int * (Z.t * Z.t) list * ((int * int) * evidence) list

(* A fact with its bound and the number of its line. *)
type fact = { line : int; bound : P.ratio; about : statement_of_fact }

let ratio = Statement.ratio

(* `box`, or `prove` or `same` with windows in ascending order. *)
let block lines tokens =
  match tokens with
  | [ "box" ] -> ([], Box)
  | (("prove" | "same") as word) :: n :: rest ->
      let rec windows = function
        | f :: t :: r :: s :: rest -> (f, t, r, s) :: windows rest
        | [] -> []
        | _ -> refuse "expected n windows"
      in
      let windows = windows (List.map count rest) in
      need (count n = List.length windows) "n windows";
      let rec ascending = function a :: (b :: _ as l) -> compare a b < 0 && ascending l | _ -> true in
      need (ascending windows) "ascending windows";
      let seen = List.map (fun (f, t, r, s) -> (((z f, z t), z r), z s)) windows in
      (seen, if word = "prove" then Prove (proof lines) else Same)
  | _ -> refuse "expected box, prove or same"

let seen_block lines tokens =
  match tokens with
  | "see" :: i :: j :: rest ->
      let evidence =
        match rest with
        | [ "box" ] -> Box
        | [ "prove" ] -> Prove (proof lines)
        | [ "same" ] -> Same
        | _ -> refuse "expected box, prove or same"
      in
      ((count i, count j), evidence)
  | _ -> refuse "expected see"

let rec blocks words read lines =
  if List.mem (peek lines) words then
    let one = read lines (next lines) in
    one :: blocks words read lines
  else []

let everywhere = [ "box"; "prove"; "same" ]

(* The channels of the stem's outputs. *)
let width (st : P.statement) =
  List.fold_left
    (fun width -> function P.SConv (_, _, _, _, bias, _) -> List.length bias | _ -> width)
    (Z.to_int st.channels) st.stem

let fact (st : P.statement) width floors lines =
  let line = lines.number + 1 in
  let channel token = z (below width token) and features = List.length st.features in
  match next lines with
  | [ "floor"; k; low ] ->
      let k = channel k and bound = ratio (rational low) in
      need (not (List.mem k !floors)) "one floor a channel";
      floors := k :: !floors;
      let plain lines tokens =
        let windows, evidence = block lines tokens in
        need (windows = []) "no windows";
        evidence
      in
      { line; bound; about = Floor (k, blocks everywhere plain lines) }
  | "upper" :: k :: high :: "avoid" :: avoided ->
      let k = channel k and bound = ratio (rational high) and avoided = ascending features avoided in
      { line; bound; about = Upper (k, avoided, blocks everywhere block lines) }
  | [ "lower"; f; t; k; low ] ->
      let f = below features f in
      let t = below (List.length (List.nth st.features f).P.f_templates) t in
      let k = channel k and bound = ratio (rational low) in
      { line; bound; about = Lower (f, t, k, blocks [ "see" ] seen_block lines) }
  | "joint" :: f :: t :: low :: "over" :: rest ->
      let f = below features f in
      let t = below (List.length (List.nth st.features f).P.f_templates) t in
      let bound = ratio (rational low) and listed = pairs rest in
      let channels = ascending width (List.map fst listed) in
      need (List.length channels > 1) "two channels or more";
      let weights = List.map2 (fun k (_, a) -> (z k, positive a)) channels listed in
      { line; bound; about = Joint (f, t, weights, blocks [ "see" ] seen_block lines) }
  | _ -> refuse "expected floor, upper, lower or joint"

(* -- what `same` stands for -- *)

(* The proof of an equal sequent that was proved before in this fact. *)
let resolved keys evidence =
  let proved = ref [] in
  let one key = function
    | Box -> None
    | Prove proof ->
        proved := (key, proof) :: !proved;
        Some proof
    | Same -> (
        let equal (known, _) =
          match (Lazy.force known, Lazy.force key) with Some a, Some b -> a = b | _ -> false
        in
        match List.find_opt equal !proved with
        | Some (_, proof) -> Some proof
        | None -> refuse "expected a sequent that was proved before")
  in
  need (List.compare_lengths keys evidence = 0) "one block a kind";
  List.map2 one keys evidence

let local_key st weights rs cs clear inside upper bound =
  lazy
    (match P.local_at st weights rs cs clear inside with
    | None -> None
    | Some l ->
        let s = l.local_state in
        Some (s.count, l.local_before, s.gates, l.local_after, P.bounded l.local_value upper bound))

let product first second = List.concat_map (fun a -> List.map (fun b -> (a, b)) second) first
let repeats evidence = List.mem Same evidence
let nothing evidence = List.map (fun _ -> lazy None) evidence

(* The blocks of a fact about windows that exhibit template [t] of feature [f]. *)
let seen (st : P.statement) rows columns f t weights bound listed =
  let places, evidence = List.split listed in
  let keys =
    if repeats evidence then begin
      let g = List.nth st.features f in
      let classes = P.class_list in
      let ways = product (classes (P.row_axis st) g.P.f_rows rows) (classes (P.column_axis st) g.P.f_columns columns) in
      let key (down, across) (i, j) =
        match (List.nth_opt down i, List.nth_opt across j) with
        | Some (r, rs), Some (c, cs) -> local_key st weights rs cs [] (Some (((z f, z t), r), c)) false bound
        | _ -> lazy None
      in
      need (List.compare_lengths ways places = 0) "one block a class of windows";
      List.map2 key ways places
    end
    else nothing evidence
  in
  List.map2 (fun (i, j) proof -> ((z i, z j), proof)) places (resolved keys evidence)

(* The fact as the checker has it. *)
let resolve (st : P.statement) rows columns { bound; about; _ } =
  let kinds () = product (P.kind_list (P.row_axis st) rows) (P.kind_list (P.column_axis st) columns) in
  match about with
  | Floor (k, evidence) ->
      let key (rs, cs) = local_key st (P.alone k) rs cs [] None false bound in
      let keys = if repeats evidence then List.map key (kinds ()) else nothing evidence in
      P.Floor (k, bound, resolved keys evidence)
  | Upper (k, avoided, listed) ->
      let windows, evidence = List.split listed in
      let keys =
        if repeats evidence then begin
          let kinds = kinds () in
          need (List.compare_lengths kinds windows = 0) "one block a kind";
          List.map2 (fun (rs, cs) clear -> local_key st (P.alone k) rs cs clear None true bound) kinds windows
        end
        else nothing evidence
      in
      P.Upper (k, bound, List.map z avoided, List.combine windows (resolved keys evidence))
  | Lower (f, t, k, listed) -> P.Lower (z f, z t, k, bound, seen st rows columns f t (P.alone k) bound listed)
  | Joint (f, t, weights, listed) ->
      P.Joint (z f, z t, weights, bound, seen st rows columns f t weights bound listed)

(* -- the whole certificate -- *)

type t = {
  witnesses : P.witness list;
  known : P.certificate;
  witness_lines : int list;
  fact_lines : int list;
  right_lines : int list;
  wrong_lines : int list;
}

(* `right Y A` or `wrong Z B`, with the number of the line. *)
let side lines word y =
  let line = lines.number + 1 in
  match matching lines (Printf.sprintf "%s %d ?" word y) with
  | [ "none" ] -> (line, None)
  | [ bound ] ->
      let bound = ratio (rational bound) in
      need (matching lines "prove" = []) "prove";
      (line, Some (bound, proof lines))
  | _ -> refuse "expected a bound"

(* The pairs of classes that the bounds on both sides do not separate, in order. *)
let left_over st rights wrongs =
  let number l = List.mapi (fun i x -> (i, x)) l in
  let separated a b = match (a, b) with Some (a, _), Some (b, _) -> P.leads st a b | _ -> false in
  List.concat_map
    (fun (y, a) -> List.filter_map (fun (z, b) -> if y = z || separated a b then None else Some (y, z)) (number wrongs))
    (number rights)

let pair lines (y, z') =
  need (matching lines (Printf.sprintf "pair %d %d" y z') = []) "a pair";
  need (matching lines "prove" = []) "prove";
  ((z y, z z'), proof lines)

let read (st : P.statement) hash lines =
  need (matching lines "exactcnn certificate 1" = []) "a certificate";
  need (matching lines ("statement " ^ hash) = []) "this statement's hash";
  let logits = List.length st.classes in
  let each read = List.init logits read in
  let witnesses = each (fun y -> let line = lines.number + 1 in (line, witness lines st y)) in
  let number = match matching lines "facts ?" with [ n ] -> count n | _ -> refuse "expected facts" in
  let width = width st and floors = ref [] in
  let listed = Statement.repeated number (fun () -> fact st width floors lines) in
  need (matching lines "head" = []) "head";
  let rights = each (side lines "right") in
  let wrongs = each (side lines "wrong") in
  let pairs = List.map (pair lines) (left_over st (List.map snd rights) (List.map snd wrongs)) in
  need (matching lines "end" = []) "end";
  finish lines;
  let lengths = function Some lengths -> lengths | None -> refuse "expected lengths that stand for all" in
  let rows = lengths (P.row_lengths st) and columns = lengths (P.column_lengths st) in
  let resolve fact =
    lines.number <- fact.line;
    resolve st rows columns fact
  in
  let facts = List.map resolve listed in
  {
    witnesses = List.map snd witnesses;
    known = { P.facts; rights = List.map snd rights; wrongs = List.map snd wrongs; pairs };
    witness_lines = List.map fst witnesses;
    fact_lines = List.map (fun f -> f.line) listed;
    right_lines = List.map fst rights;
    wrong_lines = List.map fst wrongs;
  }
