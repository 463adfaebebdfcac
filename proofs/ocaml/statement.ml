(* Reads statements (FORMAT.md, "Statement") as the proved checker has them, and prints them again. *)

open Lines
module Proved = Checker.Rounding (Integers)
module P = Proved

(* What computes the logits that the margin is claimed of: exact arithmetic, or float32 on images whose numbers are integer
   multiples of 1/q, if there is a q. *)
type execution = Exact | Float32 of Z.t option

(* A statement, and what the checker needs not know: names, the ONNX file's hash, which lines of the head are `flatten`. *)
type t = {
  known : P.statement;
  task : string;
  source : string;
  feature_names : string list;
  class_names : string list;
  execution : execution;
  flattened : bool list;
}

let largest = 512 (* of windows, steps, paddings and fields *)

let most_weights = 20_000_000

let most_bits = 65_535 (* of the common denominator of a layer's weights *)

let lcm_of = List.fold_left Z.lcm Z.one

(* A number times a multiple of its denominator. *)
let whole unit (p, q) = Z.mul p (Z.divexact unit q)

let z = Z.of_int

let repeated n read = List.init n (fun _ -> read ())

(* -- layers -- *)

(* `rows A columns B stride S T padding TOP LEFT BOTTOM RIGHT`: the levels along the rows and along the columns. *)
let window = " rows ? columns ? stride ? ? padding ? ? ? ?"

let levels word tokens =
  match List.map count tokens with
  | [ rows; columns; down; right; top; left; bottom; right_end ] as numbers ->
      need (List.for_all (fun n -> n >= 1) [ rows; columns; down; right ]) "windows and steps";
      need (List.for_all (fun n -> n <= largest) numbers) "windows, steps and paddings up to 512";
      let padded = max top bottom >= rows || max left right_end >= columns in
      need (not (word = "maxpool" && padded)) "less padding than a max pool's window";
      let level kernel stride before after =
        { Checker.kernel = z kernel; stride = z stride; before = z before; after = z after }
      in
      (level rows down top bottom, level columns right left right_end)
  | _ -> refuse "expected eight numbers"

(* Run-length coded numbers. *)
let values size tokens =
  let rec go length previous found = function
    | [] ->
        if length <> size then refuse "expected %d numbers" size;
        List.rev found
    | token :: tokens ->
        let run, text =
          match String.rindex_opt token '*' with
          | None -> (1, token)
          | Some star ->
              (count_from 2 (String.sub token 0 star), String.sub token (star + 1) (String.length token - star - 1))
        in
        let value = rational text in
        need (previous <> Some value) "equal neighbours joined";
        if length + run > size then refuse "expected %d numbers" size;
        let rec add n found = if n = 0 then found else add (n - 1) (value :: found) in
        go (length + run) (Some value) (add run found) tokens
  in
  go 0 None [] tokens

(* The taps of each output, the biases, and their common denominator; `place` makes a tap of an input channel, a row, a
   column and a weight. *)
let weights lines ~inputs ~outputs ~rows ~columns place =
  let size = inputs * rows * columns in
  need (outputs * size <= most_weights) "fewer weights";
  let matrix = repeated outputs (fun () -> values size (next lines)) in
  let bias = values outputs (matching lines "bias ..") in
  let unit = List.fold_left (List.fold_left (fun d (_, q) -> Z.lcm d q)) Z.one (bias :: matrix) in
  need (Z.numbits unit <= most_bits) "a common denominator below 2^65536";
  let taps row =
    let tap i (p, q) =
      if Z.sign p = 0 then None
      else Some (place (i / (rows * columns)) (i / columns mod rows) (i mod columns) (whole unit (p, q)))
    in
    List.filter_map Fun.id (List.mapi tap row)
  in
  (List.map taps matrix, List.map (whole unit) bias, unit)

let channels_of word width = function
  | outputs :: inputs :: rest ->
      let outputs = count outputs and inputs = count inputs in
      need (inputs = width && outputs >= 1) (word ^ " of the channels before it");
      (outputs, inputs, rest)
  | _ -> refuse "expected numbers of channels"

(* A layer before the global pool, and the number of its outputs. *)
let stem_layer lines width = function
  | [ "relu" ] -> (P.SRelu, width)
  | "conv" :: _ as tokens ->
      let outputs, inputs, rest = channels_of "conv" width (matched ("conv out ? in ?" ^ window) tokens) in
      let down, across = levels "conv" rest in
      let rows = Z.to_int down.Checker.kernel and columns = Z.to_int across.Checker.kernel in
      let place k i j w = (((z k, z i), z j), w) in
      let taps, bias, unit = weights lines ~inputs ~outputs ~rows ~columns place in
      (P.SConv (z inputs, down, across, taps, bias, unit), outputs)
  | "maxpool" :: _ as tokens ->
      let down, across = levels "maxpool" (matched ("maxpool" ^ window) tokens) in
      (P.SMaxPool (down, across), width)
  | "avgpool" :: _ as tokens ->
      let down, across = levels "avgpool" (matched ("avgpool" ^ window) tokens) in
      (P.SAvgPool (down, across), width)
  | _ -> refuse "expected relu, conv, maxpool, avgpool or globalpool"

(* A layer after the global pool, if it does anything, and the number of its outputs. *)
let head_layer lines width = function
  | [ "relu" ] -> (Some P.SDenseRelu, width)
  | [ "flatten" ] -> (None, width)
  | "dense" :: _ as tokens ->
      let outputs, inputs, _ = channels_of "dense" width (matched "dense out ? in ?" tokens) in
      let taps, bias, unit =
        weights lines ~inputs ~outputs ~rows:1 ~columns:1 (fun k _ _ w -> (z k, w))
      in
      (Some (P.SDense (z inputs, taps, bias, unit)), outputs)
  | _ -> refuse "expected relu, dense, flatten or end"

let pools = [ ("max", P.PoolMax); ("sum", P.PoolSum); ("mean", P.PoolMean) ]

(* -- features and classes -- *)

let feature lines channels low high =
  match matching lines "feature ? ? ? gap ? templates ?" with
  | [ title; rows; columns; gap; templates ] ->
      let title = name title and rows = count_from 1 rows and columns = count_from 1 columns in
      need (rows <= largest && columns <= largest) "windows up to 512";
      let gap = rational gap in
      need (Z.sign (fst gap) > 0) "a gap above 0";
      let interval (a, b) =
        let a = rational a and b = rational b in
        need (at_most low a && at_most a b && at_most b high) "intervals inside the pixel range";
        (a, b)
      in
      let line () =
        let tokens = next lines in
        need (List.compare_length_with tokens (2 * columns) = 0) "two numbers for each column";
        List.map interval (pairs tokens)
      in
      let template () =
        need (matching lines "template" = []) "template";
        List.concat (repeated (channels * rows) line)
      in
      (title, z rows, z columns, gap, repeated (count_from 1 templates) template)
  | _ -> refuse "expected a feature"

let rec split_at word = function
  | [] -> refuse "expected %s" word
  | token :: tokens when token = word -> ([], tokens)
  | token :: tokens ->
      let first, second = split_at word tokens in
      (token :: first, second)

let alternative lines features () =
  let first, second = split_at "forbids" (matching lines "alternative requires ..") in
  let listed tokens = List.map z (ascending features tokens) in
  Checker.{ requires = listed first; forbids = listed second }

let class_line lines features =
  match matching lines "class ? .." with
  | [ title; "otherwise" ] -> (name title, Checker.Otherwise)
  | title :: more -> (
      match matched "alternatives ?" more with
      | [ number ] ->
          let alternatives = repeated (count_from 1 number) (alternative lines features) in
          (name title, Checker.AnyOf alternatives)
      | _ -> refuse "expected alternatives")
  | [] -> refuse "expected a class"

let different names =
  need (List.length (List.sort_uniq String.compare names) = List.length names) "different names"

(* -- the network -- *)

type network = { bytes : bool; stem : P.stem_layer list; pool : P.pool_kind; head : P.head_layer option list }

let network lines channels logits =
  need (matching lines "exactcnn network 1" = []) "a network";
  let bytes =
    match matching lines "input ? channels ?" with
    | [ input; number ] ->
        need (input = "pixel" || input = "byte") "pixel or byte";
        need (count number = channels) "the task's channels";
        input = "byte"
    | _ -> refuse "expected an input"
  in
  let rec before width stem =
    match next lines with
    | [ "globalpool"; pool ] -> (
        match List.assoc_opt pool pools with
        | Some pool -> (width, List.rev stem, pool)
        | None -> refuse "expected max, sum or mean")
    | tokens ->
        let layer, width = stem_layer lines width tokens in
        before width (layer :: stem)
  in
  let rec after width head =
    match next lines with
    | [ "end" ] -> (width, List.rev head)
    | tokens ->
        let layer, width = head_layer lines width tokens in
        after width (layer :: head)
  in
  let width, stem, pool = before channels [] in
  let width, head = after width [] in
  if width <> logits then refuse "expected %d logits" logits;
  { bytes; stem; pool; head }

(* Steps, fields and starts of all levels along an axis stay small, so that border kinds can be listed. *)
let small_axis axis =
  let rec go = function
    | [] -> ()
    | _ :: rest as levels ->
        let small n = Z.leq n (z largest) in
        need (small (Checker.step levels)) "a step of at most 512";
        need (small (Checker.field levels)) "a field of at most 512";
        need (small (Z.neg (Checker.start levels Z.zero))) "padding of at most 512 in all";
        go rest
  in
  go axis

(* -- the whole statement -- *)

let execution_of = function
  | [] -> Exact
  | [ "float32" ] -> Float32 None
  | [ "float32"; "step"; step ] ->
      let p, q = rational step in
      need (Z.equal p Z.one && Z.popcount q = 1) "a step 1 or 1/2^n";
      Float32 (Some q)
  | _ -> refuse "expected float32 step S"

let ratio (p, q) = { P.over = p; under = q }

let read lines =
  need (matching lines "exactcnn statement 1" = []) "a statement";
  let sizes = function
    | [ low; "any" ] -> (z (count_from 1 low), None)
    | [ low; high ] ->
        let low = count_from 1 low in
        (z low, Some (z (count_from low high)))
    | _ -> refuse "expected sizes"
  in
  let (least_height, most_height), (least_width, most_width) =
    match matching lines "sizes ? ? ? ?" with
    | [ a; b; c; d ] -> (sizes [ a; b ], sizes [ c; d ])
    | _ -> refuse "expected sizes"
  in
  let margin, execution =
    match matching lines "margin .." with
    | margin :: execution -> (rational margin, execution_of execution)
    | [] -> refuse "expected a margin"
  in
  need (Z.sign (fst margin) > 0) "a margin above 0";
  let source = String.concat " " (matching lines "source ?") in
  let hash = String.length source = 64 && String.for_all (function '0' .. '9' | 'a' .. 'f' -> true | _ -> false) source in
  need (source = "none" || hash) "a SHA-256 or none";
  let task, channels, low, high =
    match matching lines "task ? channels ? pixel ? ?" with
    | [ task; channels; low; high ] -> (name task, count_from 1 channels, rational low, rational high)
    | _ -> refuse "expected a task"
  in
  need (not (at_most high low)) "a range of pixels";
  let number words = match matching lines words with [ n ] -> n | _ -> refuse "expected %s" words in
  let features = repeated (count_from 1 (number "features ?")) (fun () -> feature lines channels low high) in
  let feature_names = List.map (fun (title, _, _, _, _) -> title) features in
  let logits = count_from 2 (number "classes ?") in
  let classes = repeated logits (fun () -> class_line lines (List.length features)) in
  let class_names = List.map fst classes and classes = List.map snd classes in
  need (List.length (List.filter (fun c -> c = Checker.Otherwise) classes) < 2) "one class `otherwise`";
  different feature_names;
  different class_names;
  need (matching lines "network" = []) "network";
  let network = network lines channels logits in
  need (matching lines "end" = []) "end";
  finish lines;
  let ends (_, _, _, gap, templates) = gap :: List.concat_map (List.concat_map (fun (a, b) -> [ a; b ])) templates in
  let grid = lcm_of (List.map snd (low :: high :: List.concat_map ends features)) in
  let whole = whole grid in
  let features =
    let scaled (_, rows, columns, gap, templates) =
      let f_templates = List.map (List.map (fun (a, b) -> (whole a, whole b))) templates in
      { P.f_rows = rows; f_columns = columns; f_gap = ratio gap; f_templates }
    in
    List.map scaled features
  in
  let known =
    {
      P.least_height; least_width; most_height; most_width;
      margin = ratio margin;
      grid;
      channels = z channels;
      dark = whole low;
      bright = whole high;
      bytes = network.bytes;
      features; classes;
      stem = network.stem;
      pool = network.pool;
      head = List.filter_map Fun.id network.head;
    }
  in
  small_axis (P.row_axis known);
  small_axis (P.column_axis known);
  let flattened = List.map Option.is_none network.head in
  { known; task; source; feature_names; class_names; execution; flattened }

(* -- printing -- *)

(* The range of sizes in words. *)
let sizes st =
  let text = Z.to_string and end_of = function None -> "any" | Some n -> Z.to_string n in
  let h = st.P.least_height and w = st.P.least_width in
  if st.P.most_height = Some h && st.P.most_width = Some w then text h ^ "x" ^ text w
  else
    let most =
      match (st.P.most_height, st.P.most_width) with None, None -> "any" | a, b -> end_of a ^ "x" ^ end_of b
    in
    if Z.equal h Z.one && Z.equal w Z.one && most = "any" then "any" else text h ^ "x" ^ text w ^ ".." ^ most

let execution_words = function
  | Exact -> []
  | Float32 None -> [ "float32" ]
  | Float32 (Some q) -> [ "float32"; "step"; written Z.one q ]

let claim st =
  String.concat " " (written st.known.P.margin.P.over st.known.P.margin.P.under :: execution_words st.execution)

(* Numbers with equal neighbours joined. *)
let rec joined = function
  | [] -> []
  | number :: rest ->
      let rec same n = function next :: rest when next = number -> same (n + 1) rest | rest -> (n, rest) in
      let run, rest = same 1 rest in
      (if run = 1 then number else string_of_int run ^ "*" ^ number) :: joined rest

(* All weights of an output: those that its taps name, and 0. *)
let dense_row size unit taps =
  let row = Array.make size "0" in
  List.iter (fun (place, weight) -> row.(place) <- written weight unit) taps;
  joined (Array.to_list row)

let layer_lines size unit taps bias =
  List.map (fun row -> dense_row size unit row) taps @ [ "bias" :: joined (List.map (fun b -> written b unit) bias) ]

let level_words (down : Checker.level) (across : Checker.level) =
  let text = List.map Z.to_string in
  [ "rows" ] @ text [ down.kernel ] @ [ "columns" ] @ text [ across.kernel ]
  @ [ "stride" ] @ text [ down.stride; across.stride ]
  @ [ "padding" ] @ text [ down.before; across.before; down.after; across.after ]

let stem_lines = function
  | P.SRelu -> [ [ "relu" ] ]
  | P.SMaxPool (down, across) -> [ "maxpool" :: level_words down across ]
  | P.SAvgPool (down, across) -> [ "avgpool" :: level_words down across ]
  | P.SConv (inputs, down, across, taps, bias, unit) ->
      let rows = Z.to_int down.Checker.kernel and columns = Z.to_int across.Checker.kernel in
      let place (((k, i), j), weight) = ((((Z.to_int k * rows) + Z.to_int i) * columns) + Z.to_int j, weight) in
      let shape = [ "conv"; "out"; string_of_int (List.length bias); "in"; Z.to_string inputs ] in
      (shape @ level_words down across)
      :: layer_lines (Z.to_int inputs * rows * columns) unit (List.map (List.map place) taps) bias

let head_lines = function
  | P.SDenseRelu -> [ [ "relu" ] ]
  | P.SDense (inputs, taps, bias, unit) ->
      let place (k, weight) = (Z.to_int k, weight) in
      [ "dense"; "out"; string_of_int (List.length bias); "in"; Z.to_string inputs ]
      :: layer_lines (Z.to_int inputs) unit (List.map (List.map place) taps) bias

let rec with_flattened flattened head =
  match (flattened, head) with
  | true :: flattened, head -> [ "flatten" ] :: with_flattened flattened head
  | false :: flattened, layer :: head -> head_lines layer @ with_flattened flattened head
  | _ -> []

let rec first n = function
  | a :: rest when n > 0 ->
      let some, rest = first (n - 1) rest in
      (a :: some, rest)
  | rest -> ([], rest)

let rec cut size = function
  | [] -> []
  | l ->
      let row, rest = first size l in
      row :: cut size rest

let feature_lines grid title (g : P.feature) =
  let line row = List.concat_map (fun (a, b) -> [ written a grid; written b grid ]) row in
  let template t = [ "template" ] :: List.map line (cut (Z.to_int g.f_columns) t) in
  [ "feature"; title; Z.to_string g.f_rows; Z.to_string g.f_columns; "gap"; written g.f_gap.over g.f_gap.under;
    "templates"; string_of_int (List.length g.f_templates) ]
  :: List.concat_map template g.f_templates

let class_lines title = function
  | Checker.Otherwise -> [ [ "class"; title; "otherwise" ] ]
  | Checker.AnyOf l ->
      let numbers = List.map Z.to_string in
      let line a = [ "alternative"; "requires" ] @ numbers a.Checker.requires @ [ "forbids" ] @ numbers a.Checker.forbids in
      [ "class"; title; "alternatives"; string_of_int (List.length l) ] :: List.map line l

(* The statement in its own grammar, from what the checker has of it. *)
let printed st =
  let k = st.known in
  let end_of = function None -> "any" | Some n -> Z.to_string n in
  let pool = fst (List.find (fun (_, pool) -> pool = k.P.pool) pools) in
  let lines =
    [ [ "exactcnn statement 1" ];
      [ "sizes"; Z.to_string k.P.least_height; end_of k.P.most_height; Z.to_string k.P.least_width; end_of k.P.most_width ];
      [ "margin"; claim st ];
      [ "source"; st.source ];
      [ "task"; st.task; "channels"; Z.to_string k.P.channels;
        "pixel"; written k.P.dark k.P.grid; written k.P.bright k.P.grid ];
      [ "features"; string_of_int (List.length k.P.features) ] ]
    @ List.concat (List.map2 (feature_lines k.P.grid) st.feature_names k.P.features)
    @ [ [ "classes"; string_of_int (List.length k.P.classes) ] ]
    @ List.concat (List.map2 class_lines st.class_names k.P.classes)
    @ [ [ "network" ]; [ "exactcnn network 1" ];
        [ "input"; (if k.P.bytes then "byte" else "pixel"); "channels"; Z.to_string k.P.channels ] ]
    @ List.concat_map stem_lines k.P.stem
    @ [ [ "globalpool"; pool ] ]
    @ with_flattened st.flattened k.P.head
    @ [ [ "end" ]; [ "end" ] ]
  in
  String.concat "" (List.map (fun tokens -> String.concat " " tokens ^ "\n") lines)
