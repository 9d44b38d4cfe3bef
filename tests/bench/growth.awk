# Lines "NAME CONNECTIONS CPU-US" into a plot: CPU per query over connections, as SVG. For compare.
BEGIN {
  width = 640; height = 400; left = 60; right = 120; top = 40; bottom = 50
  split("#0b6e4f #c1440e #33539e #777777", colours, " ")
}
!($1 in line) { names[++count] = $1; line[$1] = "" }
{
  points[NR] = $0
  if ($3 > most) most = $3
}
function x(connections) { return left + (width - left - right) * log(connections / 10) / log(500) }
function y(us) { return height - bottom - (height - top - bottom) * us / most }
END {
  step = most > 40 ? 10 : most > 20 ? 5 : 2
  most = step * (int(most / step) + 1)
  printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n", width, height
  printf "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n", width, height
  printf "<text x=\"%d\" y=\"22\" font-size=\"14\">CPU µs per query over active DoT connections (ten queries in flight in all)</text>\n", left
  for (us = 0; us <= most; us += step) {
    printf "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/>", left, y(us), width - right
    printf "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%d</text>\n", left - 8, y(us) + 4, us
  }
  ticks = split("10 100 1000 5000", tick, " ")
  for (i = 1; i <= ticks; ++i)
    printf "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x(tick[i]), height - bottom + 20, tick[i]
  printf "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">connections</text>\n", (left + width - right) / 2, height - 10
  for (i = 1; i <= NR; ++i) {
    split(points[i], point, " ")
    name = point[1]
    line[name] = line[name] sprintf("%.1f,%.1f ", x(point[2]), y(point[3]))
    last[name] = y(point[3])
  }
  for (i = 1; i <= count; ++i) {
    name = names[i]
    printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", line[name], colours[i]
    printf "<text x=\"%d\" y=\"%.1f\" fill=\"%s\">%s</text>\n", width - right + 8, last[name] + 4, colours[i], name
  }
  print "</svg>"
}
