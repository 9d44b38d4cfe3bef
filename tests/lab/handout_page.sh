# shellcheck shell=bash
# An exercise as a page: lesson.sh reads this behind its own words when HANDOUT names a file, and so an exercise that is
# run to be read is the exercise that is run to be learned from. Each word writes HTML there in place of printing.
# What an exercise prints by itself lands in a file, and from there in the page, in its place.
#
#   HANDOUT          the page to write, an absolute path; there only if the exercise went as it should
#   HANDOUT_BEFORE   the pages before and behind it, file names; empty: none
#   HANDOUT_AFTER
#
# Pages load nothing: the style sheet is in them, and so are the pictures. They have no scripts.

# shellcheck disable=SC2154 # root is lesson.sh's
readonly lab_folder=$root/tests/lab
page=$PWD/page.html stray=$PWD/stray newest=$PWD/newest.run
parts=0 runs=0 views=0 kept='' kept_by='' quiz_run='' quiz_by='' quiz_theme=''
: >"$stray"
exec 3>"$page" 1>>"$stray"

put() { printf '%s\n' "$@" >&3; }
# Standard input as text of HTML. Control characters are not allowed there, but for tab and newline.
escaped() { tr -d '\000-\010\013-\037\177' | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g'; }
words() { printf '%s' "$*" | escaped; }

# ---- the page's two ends --------------------------------------------------------------------------------------------

exercise_title() { sed -n '2s/^# //p' "$1" | sed 's/ ([0-9]* minutes)$//'; }
exercise_minutes() { sed -n '2s/.*(\([0-9]* minutes\))$/\1/p' "$1"; }

# link FILE WORDS: an entry of the navigation; none without a file.
link() { [ -z "$1" ] || put "<li><a href=\"$1\">$2</a></li>"; }

begin_page() {
  local title minutes
  title=$(words "$(exercise_title "$0")") minutes=$(words "$(exercise_minutes "$0")")
  put '<!DOCTYPE html>' '<html lang="en">' '<head>' '<meta charset="utf-8">' \
    '<meta name="viewport" content="width=device-width, initial-scale=1">' \
    "<title>$title - DNS over TLS</title>" '<style>'
  cat "$lab_folder/handout.css" >&3
  put '</style>' '</head>' '<body>' '<a class="skip" href="#exercise">Skip to the exercise</a>' \
    '<header><nav aria-label="The course"><ul>'
  link index.html 'All exercises'
  link "${HANDOUT_BEFORE-}" 'The one before'
  link "${HANDOUT_AFTER-}" 'The next one'
  put '</ul></nav></header>' '<main id="exercise">' "<h1>$title</h1>"
  [ -z "$minutes" ] || put "<p class=\"minutes\">About $minutes</p>"
}

end_page() {
  flush
  [ "$parts" -eq 0 ] || put '</section>'
  [ -z "$quiz_run" ] || put_quiz
  put '</main>' '<footer>' \
    "<p>Made from a run of this exercise, with $(words "$(command client --version)"). Run it yourself:" \
    "<code>./start.sh lab $(basename "$0" .sh | sed 's/^[0-9]*-//')</code></p>" '</footer>' '</body>' '</html>'
}

finish_page() {
  local code=$?
  if [ "$code" -eq 0 ] || [ "$code" -eq 77 ]; then
    end_page
    exec 3>&-
    cp "$page" "$HANDOUT.part" && mv "$HANDOUT.part" "$HANDOUT"
  fi
  clean_up
  exit "$code"
}
trap finish_page EXIT

# ---- the words of lesson.sh -----------------------------------------------------------------------------------------

# What the exercise printed by itself since the last word.
flush() {
  [ -s "$stray" ] || return 0
  put_output "$(escaped <"$stray")"
  : >"$stray"
}

# put_output HTML: a box that scrolls by itself, also by the keyboard.
put_output() { put "<pre tabindex=\"0\" role=\"group\" aria-label=\"Output\"><samp>$1</samp></pre>"; }

phase() {
  flush
  [ "$parts" -eq 0 ] || put '</section>'
  parts=$((parts + 1))
  put "<section aria-labelledby=\"part-$parts\">" "<h2 id=\"part-$parts\">$(words "$*")</h2>"
}

say() {
  flush
  [ -z "$*" ] || put "<p>$(words "$*")</p>"
}

look() {
  flush
  put "<p class=\"look\"><strong>Look:</strong> $(words "$*")</p>"
}

run() {
  flush
  rm -f "$newest"
  status=0
  "$@" >output 2>&1 </dev/null || status=$?
  output=$(tr -d '\0' <output)
  # The answer repeats the command, which for the reader is the one without our option.
  output=${output//" --save $newest"/}
  put "<p class=\"command\"><code>\$ $(words "$*")</code></p>"
  [ -z "$output" ] || put_output "$(printf '%s\n' "$output" | escaped | coloured)"
  [ "$status" -eq 0 ] || put "<p class=\"bad\">Exit code $status</p>"
  if keep_run "$@"; then
    kept_by=$*
    put_views "$kept"
  fi
}

# quiz THEME: the run before it is the one that the page asks about.
quiz() {
  quiz_run=$kept quiz_by=$kept_by quiz_theme=$1
}

# ---- runs of client, seen in other ways -----------------------------------------------------------------------------

# Each run that can be kept is.
client() {
  local word
  for word; do
    case $word in
      --replay* | --save* | --bench* | --compare | +compare | --glossary | --help | -h | --version | -v | --discover*)
        command client "$@"
        return
        ;;
    esac
  done
  command client "$@" --save "$newest"
}

# Sets `kept` to the run that COMMAND made, or that its --replay FILE has shown; false: there is none.
keep_run() {
  if [ -s "$newest" ]; then
    runs=$((runs + 1))
    kept=$PWD/kept-$runs.run
    mv "$newest" "$kept"
    return
  fi
  [ "$1" = client ] || return 1
  while [ $# -gt 1 ]; do
    if [ "$1" = --replay ] && [ -s "$2" ]; then
      kept=$(realpath -- "$2")
      return
    fi
    shift
  done
  return 1
}

# The colours that the client has on a terminal, for output that is HTML already.
coloured() {
  awk '
    /^;/ { print "<span class=\"note\">" $0 "</span>"; next }
    /^client: / { print "<span class=\"bad\">" $0 "</span>"; next }
    $2 ~ /^[0-9]+$/ && $3 ~ /^(IN|CH|HS)$/ && NF >= 5 {
      rest = $0
      match(rest, /^[^ \t]+/)
      line = "<span class=\"name\">" substr(rest, 1, RLENGTH) "</span>"
      rest = substr(rest, RLENGTH + 1)
      match(rest, /^[ \t]+[0-9]+[ \t]+[A-Z]+[ \t]+/)
      line = line substr(rest, 1, RLENGTH)
      rest = substr(rest, RLENGTH + 1)
      match(rest, /^[^ \t]+/)
      print line "<span class=\"kind\">" substr(rest, 1, RLENGTH) "</span>" substr(rest, RLENGTH + 1)
      next
    }
    { print }'
}

# put_views RUN: the chart and the two columns. The first of a page lies open, the others are folded.
put_views() {
  local open=''
  rm -f chart.svg
  command client --replay "$1" --chart "$PWD/chart.svg" --eavesdropper +noall >two-columns 2>/dev/null </dev/null || true
  [ -s chart.svg ] || return 0
  views=$((views + 1))
  [ "$views" -gt 1 ] || open=' open'
  put "<details class=\"views\"$open>" '<summary>This run as a chart, and as somebody on the path sees it</summary>' \
    '<figure><div class="wide" tabindex="0" role="group" aria-label="The chart">'
  # Each picture says in words what it is; the table below has all that it shows.
  sed -e 's| xmlns="[^"]*"||' \
    -e 's|</title>|&<desc>Arrows between the ends, from top to bottom in the order of time. The table below has them in words.</desc>|' \
    chart.svg >&3
  put '</div>' '<figcaption>Dashed arrows are in clear. An arrow with a lock is encrypted: only its two ends can read it.</figcaption>' \
    '</figure>'
  escaped <two-columns | two_columns >&3
  put '</details>'
}

# The client's text in two columns as a table; what stands below it as text.
two_columns() {
  awk '
    function flush_row() {
      if (ms != "") print "<tr><td class=\"ms\">" ms "</td><td>" way "</td><td>" left "</td><td>" right "</td></tr>"
      ms = ""
    }
    function end_table() { flush_row(); if (table) print "</tbody></table></div>"; table = 0 }
    function end_text() { if (text != "") print "<pre tabindex=\"0\" role=\"group\" aria-label=\"Below the table\"><samp>" text "</samp></pre>"; text = "" }
    function trimmed(part) { gsub(/^ +| +$/, "", part); return part }
    # An arrow takes more room as HTML than it had.
    function plain(line) { gsub(/&lt;/, "<", line); gsub(/&gt;/, ">", line); gsub(/&quot;/, "\"", line); gsub(/&amp;/, "\\&", line); return line }
    function html(line) { gsub(/&/, "\\&amp;", line); gsub(/</, "\\&lt;", line); gsub(/>/, "\\&gt;", line); gsub(/"/, "\\&quot;", line); return line }
    { line = plain($0) }
    line ~ /^;; [^ ]+ -> [^ ]+$/ && !/octets/ { ends = substr(line, 4); next }
    (at = index(line, "| THE TWO ENDS SEE")) > 0 {
      end_table(); end_text()
      bar = at; table = 1
      print "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Seen from the path and from the ends\"><table>"
      print "<caption>" html(ends) "</caption><thead><tr><th scope=\"col\" class=\"ms\">ms</th><th scope=\"col\">way</th>"
      print "<th scope=\"col\">somebody on the path sees</th><th scope=\"col\">the two ends see</th></tr></thead><tbody>"
      next
    }
    table && substr(line, bar, 1) == "|" {
      time = trimmed(substr(line, 4, 9))
      seen = trimmed(substr(line, 17, bar - 17)); known = trimmed(substr(line, bar + 1))
      if (time != "") {
        flush_row()
        ms = time; way = substr(line, 14, 2) == "->" ? "sent" : "received"; left = html(seen); right = html(known)
      } else {
        if (seen != "") left = left " " html(seen)
        if (known != "") right = right " " html(known)
      }
      next
    }
    table { end_table() }
    { sub(/^;; ?/, "", line) }
    text != "" || line != "" { text = text (text == "" ? "" : "\n") html(line) }
    END { end_table(); sub(/\n+$/, "", text); end_text() }'
}

# ---- the quiz -------------------------------------------------------------------------------------------------------

# client's quiz about the run, each answer folded away.
put_quiz() {
  command client --replay "$quiz_run" --quiz-key --json --quiz-theme "$quiz_theme" >quiz.json 2>/dev/null || return 0
  put '<section aria-labelledby="quiz">' '<h2 id="quiz">Questions</h2>' \
    "<p>They are about the run of <code>$(words "$quiz_by")</code> above." \
    'Octets are in hexadecimal, and their count begins at 0.</p>'
  awk -f "$lab_folder/handout_quiz.awk" quiz.json >&3
  put '</section>'
}

begin_page
