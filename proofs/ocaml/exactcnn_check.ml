(* exactcnn-check: the checker that proofs/coq proves sound, on the files that exactcnn/checker/kernel.py reads. *)

open Lines
module P = Statement.Proved

let usage =
  "usage: exactcnn-check STATEMENT CERTIFICATE   whether the certificate proves the statement\n\
  \       exactcnn-check --statement STATEMENT   the statement, printed as it was understood\n\
  \       exactcnn-check --evaluate STATEMENT IMAGES   labels, features and logits of images\n\
  \       exactcnn-check --rounding STATEMENT   how far logits computed in float32 may be from exact ones\n"

let proved, rejected, unreadable = (0, 1, 4)

let contents path =
  let channel = open_in_bin path in
  Fun.protect
    ~finally:(fun () -> close_in_noerr channel)
    (fun () -> really_input_string channel (in_channel_length channel))

(* The statement and its hash; refuses one that it cannot print again byte for byte. *)
let statement lines =
  let st = Statement.read lines in
  let hash = Sha256.hex (Statement.printed st) in
  need (hash = Sha256.hex lines.text) "a statement that is printed as it was read";
  (st, hash)

(* The first part that the checker does not accept: the number of its line, and what it is. Only words rest on this. *)
let blamed (st : P.statement) (c : Certificate.t) =
  let some test name lines l =
    List.find_map (fun (line, x) -> if test x then None else Some (line, name)) (List.combine lines l)
  in
  let numbered l = List.mapi (fun i x -> (Z.of_int i, x)) l in
  let rows = Option.get (P.row_lengths st) and columns = Option.get (P.column_lengths st) in
  let kinds = P.bounded_kinds st (P.boxed_channels c.known.facts) rows columns in
  let sides =
    [ (fun () -> some (fun (y, w) -> P.check_witness st y w) "witness" c.witness_lines (numbered c.witnesses));
      (fun () -> some (P.check_fact st kinds rows columns) "fact" c.fact_lines c.known.facts);
      (fun () -> some (fun (y, b) -> P.check_right st c.known y b) "right" c.right_lines (numbered c.known.rights));
      (fun () -> some (fun (y, b) -> P.check_wrong st c.known y b) "wrong" c.wrong_lines (numbered c.known.wrongs)) ]
  in
  if not (P.statement_okb st) then (1, "statement") else Option.value (List.find_map (fun f -> f ()) sides) ~default:(0, "pair")

(* The statement about exact logits that has to be proved. *)
let exact_statement (st : Statement.t) =
  match st.execution with
  | Exact -> st.known
  | Float32 step -> (
      match P.exact_statement st.known step with
      | Some exact -> exact
      | None -> refuse "expected weights and sums that float32 holds")

(* What the theorems are about. *)
let accepted (st : Statement.t) (c : Certificate.t) =
  match st.execution with
  | Exact -> P.check_certificate st.known c.known c.witnesses
  | Float32 step -> P.check_float_certificate st.known step c.known c.witnesses

(* The verdict in one line, and the exit code. *)
let verdict first second =
  let lines = ref (Lines.of_text first) and part = ref "statement" in
  let refused line text = (Printf.sprintf "REJECTED line %d of the %s: %s" line !part text, rejected) in
  try
    let st, hash = statement !lines in
    let exact = exact_statement st in
    lines := Lines.of_text second;
    part := "certificate";
    let certificate = Certificate.read st.known hash !lines in
    if accepted st certificate then
      (Printf.sprintf "PROVED %s margin %s sizes %s" hash (Statement.claim st) (Statement.sizes st.known), proved)
    else
      let line, part = blamed exact certificate in
      refused line (part ^ " that is not proved")
  with
  | Refused text -> refused !lines.number text
  | Stack_overflow -> refused !lines.number "the stack is too small (ulimit -s makes it larger)"
  | Out_of_memory -> refused !lines.number "too little memory"
  | error -> refused !lines.number ("not expected: " ^ Printexc.to_string error)

let print first =
  let lines = Lines.of_text first in
  match Statement.read lines with
  | st ->
      let text = Statement.printed st in
      print_string text;
      prerr_endline ("sha256 " ^ Sha256.hex text);
      proved
  | exception Refused text ->
      Printf.printf "REJECTED line %d of the statement: %s\n" lines.number text;
      rejected

(* Images as a witness's core is written, each under a line `image H W`: the label, the features, the logits. *)
let image (st : P.statement) lines =
  match List.map count (matching lines "image ? ?") with
  | [ height; width ] ->
      let line () =
        let tokens = next lines in
        need (List.compare_length_with tokens width = 0) "a number for each column";
        List.map rational tokens
      in
      let rows = Statement.repeated (Z.to_int st.channels * height) line in
      let unit = Statement.lcm_of (List.concat_map (List.map snd) rows) in
      let planes = Statement.cut height (List.map (List.map (Statement.whole unit)) rows) in
      P.sheet_of_lists (Z.of_int height) (Z.of_int width) st.channels unit planes
  | _ -> refuse "expected an image"

let evaluated st sheet =
  let e = P.evaluate st sheet in
  let features chosen = List.filteri (fun i _ -> chosen (List.nth e.P.e_states i)) (P.numbers_of st.P.features) in
  let logits = List.concat (List.concat (P.sheet_numbers e.P.e_logits)) in
  let lines =
    [ [ "label"; (match e.P.e_label with Some y -> Z.to_string y | None -> "none") ];
      "contains" :: List.map Z.to_string (features fst);
      "avoids" :: List.map Z.to_string (features snd);
      "logits" :: List.map (fun x -> written x e.P.e_logits.P.sheet_unit) logits ]
  in
  List.iter (fun tokens -> print_endline (String.concat " " tokens)) lines

let rounding first =
  let lines = Lines.of_text first in
  let refused text =
    Printf.printf "REJECTED line %d of the statement: %s\n" lines.number text;
    rejected
  in
  match
    let st, _ = statement lines in
    need (P.statement_okb st.known) "a network defined at every size";
    P.error_bound st.known (match st.execution with Exact -> None | Float32 step -> step)
  with
  | Some error ->
      print_endline ("error " ^ written error P.finest);
      proved
  | None -> refused "expected weights and sums that float32 holds"
  | exception Refused text -> refused text

let evaluate first second =
  let lines = ref (Lines.of_text first) in
  try
    let st, _ = statement !lines in
    need (P.channels_okb st.known) "layers that fit onto each other";
    lines := Lines.of_text second;
    while peek !lines <> "" do
      let sheet = image st.known !lines in
      need (P.is_imageb st.known sheet) "an image in the pixel range";
      evaluated st.known sheet
    done;
    finish !lines;
    proved
  with Refused text ->
    Printf.printf "REJECTED line %d: %s\n" !lines.number text;
    rejected

let answered arguments =
  match arguments with
  | [ "--statement"; path ] -> print (contents path)
  | [ "--rounding"; path ] -> rounding (contents path)
  | [ "--evaluate"; first; second ] -> evaluate (contents first) (contents second)
  | [ first; second ] ->
      let text, code = verdict (contents first) (contents second) in
      print_string (text ^ "\n");
      code
  | _ ->
      prerr_string usage;
      unreadable

let () =
  let code =
    try
      let code = answered (List.tl (Array.to_list Sys.argv)) in
      flush stdout;
      code
    with
    | Sys_error text | Invalid_argument text ->
        (* What could not be written is not to be tried again at the end. *)
        close_out_noerr stdout;
        prerr_endline ("cannot read or write: " ^ text);
        unreadable
    | Stack_overflow ->
        prerr_endline "cannot read: the stack is too small (ulimit -s makes it larger)";
        unreadable
  in
  exit code
