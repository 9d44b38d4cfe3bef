# The JSON of client --quiz-key --json as a list in HTML, each answer folded away.

# JSON's strings, numbers and brackets one by one (RFC 8259); what awk needs of them is the order.
function next_token(    c, at) {
  while (substr(json, place, 1) ~ /[ \t\n,:]/) place++
  c = substr(json, place, 1)
  token = ""; is_text = 0
  if (c == "") return 0
  if (c ~ /[][{}]/) { token = c; place++; return 1 }
  if (c == "\"") {
    is_text = 1
    for (place++; (c = substr(json, place, 1)) != "\""; place++) {
      if (c == "") return 0
      if (c == "\\") {
        c = substr(json, ++place, 1)
        if (c == "u") { c = "?"; place += 4 }  # the client escapes what is not ASCII by itself
        else if (c == "n" || c == "t") c = " "
      }
      token = token c
    }
    place++
    return 1
  }
  at = place
  while (substr(json, place, 1) ~ /[-+.0-9a-zA-Z]/) place++
  if (place == at) return 0
  token = substr(json, at, place - at)
  return 1
}

function html(text) {
  gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/>/, "\\&gt;", text); gsub(/"/, "\\&quot;", text)
  return text
}

function put_question() {
  print "<li><p>" html(asked) "</p>"
  if (shown != "") print "<pre tabindex=\"0\" role=\"group\" aria-label=\"What it is about\"><samp>" shown "</samp></pre>"
  if (choices != "") print "<ol type=\"a\">" choices "</ol>"
  print "<details><summary>The answer</summary><p><span class=\"answer\">" html(letter (letter == "" ? "" : ") ") answer) "</span></p>"
  print "<p>" html(why) (rfc == "" ? "" : " [" html(rfc) "]") "</p></details></li>"
  asked = shown = choices = letter = answer = why = rfc = ""
}

{ json = json $0 "\n" }

END {
  place = 1
  print "<ol class=\"quiz\">"
  # `depth` 1 is the quiz, 2 the list of questions, 3 a question, 4 what is in one.
  while (next_token()) {
    if (!is_text && token ~ /^[[{]$/) { depth++; within[depth] = key; key = ""; continue }
    if (!is_text && token ~ /^[]}]$/) { if (depth == 3) put_question(); depth--; key = ""; continue }
    if (depth == 4 && within[4] == "shown") { shown = shown (shown == "" ? "" : "\n") html(token); continue }
    if (depth >= 4 && within[4] != "options") continue
    if (key == "") { key = token; continue }
    if (depth == 4) choices = choices "<li>" html(token) "</li>"
    else if (depth == 3 && key == "asked") asked = token
    else if (depth == 3 && key == "answer") answer = token
    else if (depth == 3 && key == "letter") letter = token
    else if (depth == 3 && key == "why") why = token
    else if (depth == 3 && key == "rfc") rfc = token
    key = ""
  }
  print "</ol>"
}
