# What the scripts of real servers share; sourced by them, with `dir`, the folder of the server, and `port` set.

# Unpacks packages of Debian's unstable suite below $dir/root, of which nothing of the system knows.
#   unpack PACKAGE…           just these
#   unpack --recurse PACKAGE  it, and all that it depends on
unpack() {
  mkdir -p "$dir"/apt/{lists/partial,cache/archives/partial} "$dir/debs" "$dir/root"
  local mirror packages=$*
  mirror=$(grep -hE '^URIs:' /etc/apt/sources.list.d/debian.sources | awk '{print $2; exit}')
  echo "deb [trusted=yes] $mirror sid main" > "$dir/apt/sources.list"
  local apt=(-o "Dir::Etc::sourcelist=$dir/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
             -o "Dir::State::lists=$dir/apt/lists" -o "Dir::Cache=$dir/apt/cache" -o APT::Sandbox::User=root)
  apt-get "${apt[@]}" -qq update
  if [ "$1" = --recurse ]; then
    packages=$(apt-cache "${apt[@]}" depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
                 --no-replaces --no-enhances "$2" | grep -E '^[a-z0-9]' | sort -u)
  fi
  (cd "$dir/debs" && apt-get "${apt[@]}" -qq download $packages)
  for deb in "$dir"/debs/*.deb; do dpkg -x "$deb" "$dir/root"; done
  rm -rf "$dir/debs" "$dir/apt"
}

# Ends the script: well as soon as the server has written its $dir/$port.pid and answers, with its log's end after 20 s.
await_port() {
  for _ in $(seq 100); do
    if [ -s "$dir/$port.pid" ] && (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then exit 0; fi
    sleep 0.2
  done
  tail -5 "$dir/$port.log" >&2
  exit 1
}
