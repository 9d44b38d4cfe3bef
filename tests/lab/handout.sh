#!/usr/bin/env bash
# The course as pages to read, to print, to put on a web server:
#     tests/lab/handout.sh FOLDER [EXERCISE.sh]...
# One page for each exercise, made from a run of it, and an index. Looks for the programs in PATH, as the exercises do.
# Exit code 1 if an exercise did not go as it should: it has no page then, and the others have theirs.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here

if [ -z "${1-}" ]; then
  echo "handout.sh: say which folder the pages go to" >&2
  exit 1
fi
mkdir -p -- "$1"
folder=$(cd -- "$1" && pwd)
shift
[ $# -gt 0 ] || set -- "$here"/exercises/*.sh

escaped() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g'; }
title_of() { sed -n '2s/^# //p' "$1" | escaped; }
page_of() { [ -z "${1-}" ] || printf '%s.html' "$(basename -- "$1" .sh)"; }

# index EXERCISE…: those that have a page.
write_index() {
  local exercise
  printf '%s\n' '<!DOCTYPE html>' '<html lang="en">' '<head>' '<meta charset="utf-8">' \
    '<meta name="viewport" content="width=device-width, initial-scale=1">' '<title>DNS over TLS: the course</title>' '<style>'
  cat "$here/handout.css"
  printf '%s\n' '</style>' '</head>' '<body>' '<main>' '<h1>DNS over TLS: the course</h1>' \
    '<p>Each page is a run of one exercise: the text, the commands with what they printed, the run as a chart and as' \
    'somebody on the path sees it, and questions with their answers folded away.</p>' '<ol class="course">'
  for exercise; do
    [ ! -e "$folder/$(page_of "$exercise")" ] ||
      printf '<li><a href="%s">%s</a></li>\n' "$(page_of "$exercise")" "$(title_of "$exercise")"
  done
  printf '%s\n' '</ol>' '</main>' '<footer><p>Run them yourself: <code>./start.sh lab</code></p></footer>' '</body>' '</html>'
}

failed=()
mapfile -t exercises < <(realpath -- "$@")
for i in "${!exercises[@]}"; do  # a page of an earlier time is not one of this run
  rm -f -- "$folder/$(page_of "${exercises[i]}")"
done
for i in "${!exercises[@]}"; do
  page=$(page_of "${exercises[i]}") before='' status=0
  [ "$i" -eq 0 ] || before=$(page_of "${exercises[i - 1]}")
  HANDOUT=$folder/$page HANDOUT_BEFORE=$before HANDOUT_AFTER=$(page_of "${exercises[i + 1]-}") \
    "${exercises[i]}" </dev/null || status=$?
  case $status in
    0) printf '  %s\n' "$page" ;;
    77) printf '  %s, not to its end: a program is missing\n' "$page" ;;
    *)
      printf '  %s: not made, the exercise failed\n' "$page"
      failed+=("$page")
      ;;
  esac
done
for page in "${failed[@]}"; do  # nobody leads there
  for other in "${exercises[@]}"; do
    other=$folder/$(page_of "$other")
    [ ! -e "$other" ] || sed -i "/<li><a href=\"$page\">/d" "$other"
  done
done
write_index "${exercises[@]}" >"$folder/index.html"
printf '  index.html\n'
[ "${#failed[@]}" -eq 0 ] || exit 1
