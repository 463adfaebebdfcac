(* Lines of tokens, counts and numbers, as exactcnn/checker/FORMAT.md has them. *)

(* What is wrong with the files. *)
exception Refused of string

let refuse format = Printf.ksprintf (fun text -> raise (Refused text)) format

let need condition expected = if not condition then refuse "expected %s" expected

type t = { text : string; mutable place : int; mutable number : int }

let longest_line = 1 lsl 26

let of_text text = { text; place = 0; number = 0 }

let printable = function ' ' .. '~' -> true | _ -> false

let split text =
  let tokens = String.split_on_char ' ' text in
  need (not (List.mem "" tokens)) "tokens with one blank between them";
  tokens

(* The end of the line that comes next, if there is one. *)
let line_end lines = String.index_from_opt lines.text lines.place '\n'

(* The tokens of the next line. *)
let next lines =
  lines.number <- lines.number + 1;
  match line_end lines with
  | None -> refuse "expected a line that ends with a line feed"
  | Some stop ->
      let line = String.sub lines.text lines.place (stop - lines.place) in
      need (String.length line < longest_line) "a shorter line";
      need (String.for_all printable line) "printable ASCII text";
      lines.place <- stop + 1;
      split line

(* The first word of the next line, which is not read yet. *)
let peek lines =
  match line_end lines with
  | None -> ""
  | Some stop -> (
      let line = String.sub lines.text lines.place (stop - lines.place) in
      match String.index_opt line ' ' with Some blank -> String.sub line 0 blank | None -> line)

let finish lines =
  lines.number <- lines.number + 1;
  need (lines.place = String.length lines.text) "the end of the file"

(* The tokens where [words] has a `?`, and all from `..` on; the others are the words. *)
let matched words tokens =
  let rec go wanted tokens =
    match (wanted, tokens) with
    | [ ".." ], rest -> rest
    | [], [] -> []
    | "?" :: wanted, token :: tokens -> token :: go wanted tokens
    | word :: wanted, token :: tokens when word = token -> go wanted tokens
    | _ -> refuse "expected `%s`" words
  in
  go (String.split_on_char ' ' words) tokens

let matching lines words = matched words (next lines)

(* -- numbers -- *)

let digit = function '0' .. '9' -> true | _ -> false

(* 0, or up to [most] digits of which the first is not 0. *)
let digits most token =
  let length = String.length token in
  length >= 1 && length <= most && String.for_all digit token && (token.[0] <> '0' || length = 1)

(* An integer of at most 9 digits. *)
let count token =
  need (digits 9 token) "an integer of at most 9 digits";
  int_of_string token

(* One from [least] on. *)
let count_from least token =
  let n = count token in
  if n < least then refuse "expected an integer from %d, got %s" least token;
  n

(* An integer below [limit]. *)
let below limit token =
  let n = count token in
  if n >= limit then refuse "expected an integer below %d, got %s" limit token;
  n

let most_digits = 4000

let natural token =
  need (digits most_digits token) "an integer";
  Z.of_string token

let integer token =
  if token <> "" && token.[0] = '-' then begin
    let n = natural (String.sub token 1 (String.length token - 1)) in
    need (Z.sign n > 0) "an integer without -0";
    Z.neg n
  end
  else natural token

let positive token =
  let n = natural token in
  need (Z.sign n > 0) "a positive integer";
  n

(* An integer, or p/q in lowest terms with q > 1: numerator and denominator. *)
let rational token =
  match String.index_opt token '/' with
  | None -> (integer token, Z.one)
  | Some slash ->
      let p = integer (String.sub token 0 slash) in
      let q = positive (String.sub token (slash + 1) (String.length token - slash - 1)) in
      need (Z.gt q Z.one && Z.equal (Z.gcd p q) Z.one) "lowest terms";
      (p, q)

let at_most (p, q) (r, s) = Z.leq (Z.mul p s) (Z.mul r q)

(* Counts in ascending order, each below [limit]. *)
let ascending limit tokens =
  let numbers = List.map (below limit) tokens in
  let rec go = function a :: (b :: _ as l) -> a < b && go l | _ -> true in
  need (go numbers) "ascending numbers";
  numbers

(* Different pairs of neighbours: a b, c d, .. *)
let rec pairs = function
  | [] -> []
  | a :: b :: l -> (a, b) :: pairs l
  | [ _ ] -> refuse "expected pairs"

(* A number as the formats write it: p/q in lowest terms, or an integer. *)
let written p q =
  let g = Z.gcd p q in
  let p = Z.divexact p g and q = Z.divexact q g in
  if Z.equal q Z.one then Z.to_string p else Z.to_string p ^ "/" ^ Z.to_string q

(* -- names -- *)

let plain = function 'A' .. 'Z' | 'a' .. 'z' | '0' .. '9' | '.' | '_' | '~' | '-' -> true | _ -> false

let hex_digit = function '0' .. '9' | 'A' .. 'F' -> true | _ -> false

(* The bytes that a name's percent signs stand for. *)
let decoded text =
  let found = Buffer.create 16 in
  let rec go i =
    if i < String.length text then
      if plain text.[i] then (Buffer.add_char found text.[i]; go (i + 1))
      else begin
        let coded = text.[i] = '%' && i + 2 < String.length text && hex_digit text.[i + 1] && hex_digit text.[i + 2] in
        need coded "a percent-encoded name";
        let byte = Char.chr (int_of_string ("0x" ^ String.sub text (i + 1) 2)) in
        need (not (plain byte)) "a name encoded only where needed";
        Buffer.add_char found byte;
        go (i + 3)
      end
  in
  go 0;
  Buffer.contents found

(* UTF-8: no overlong forms, no surrogates, nothing above 10FFFF. *)
let utf8 text =
  let length = String.length text in
  let byte i = if i < length then Char.code text.[i] else 0 in
  let within i a b = byte i >= a && byte i <= b in
  let tail i = within i 0x80 0xbf in
  let rec go i =
    i = length
    ||
    let first = byte i in
    if first < 0x80 then go (i + 1)
    else if first >= 0xc2 && first <= 0xdf then tail (i + 1) && go (i + 2)
    else if first >= 0xe0 && first <= 0xef then
      let least = if first = 0xe0 then 0xa0 else 0x80 and most = if first = 0xed then 0x9f else 0xbf in
      within (i + 1) least most && tail (i + 2) && go (i + 3)
    else
      let least = if first = 0xf0 then 0x90 else 0x80 and most = if first = 0xf4 then 0x8f else 0xbf in
      first >= 0xf0 && first <= 0xf4 && within (i + 1) least most && tail (i + 2) && tail (i + 3) && go (i + 4)
  in
  go 0

(* A percent-encoded name, encoded only where needed; the empty one is `%`. Names stay encoded. *)
let name text =
  if text <> "%" then need (text <> "" && utf8 (decoded text)) "a name in UTF-8";
  text
