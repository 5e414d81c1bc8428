#include "cli/context.h"

#include <algorithm>

#include "cli/disk_location.h"
#include "cli/opener.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "cli/terminal.h"
#include "slipway/base/text.h"
#include "slipway/base/worker.h"

namespace slipway::cli {

void bind_globals(OptionSet& options, Globals& g) {
  options.value("-f,--file", "FILE", g.file,
                "use this slipway.yaml, or - for standard input (default: the nearest one upwards)");
  options.value("--app", "NAME", g.app, "select one app of a slipway.yaml that has several");
  options.choice(
      "-o,--output", g.output, {"text", "wide", "json", "yaml", "digest", "name"},
      "print the result as text (wide: full digests), as a document, or its digests or names only (default: text)");
  options.choice("--progress", g.progress, {"auto", "tty", "plain", "json", "none"},
                 "show progress as bars (tty), lines (plain) or events (json) (default: auto)");
  options.flag("-q,--quiet", g.quiet, "print errors and warnings only");
  options.count("-v,--verbose", g.verbose, "print what is done; twice: requests, too");
  options.number("-j,--jobs", "N", g.jobs, 1,
                 "run N transfers or threads at once (default: 4 transfers, 8 images, a thread for each core)");
  options.number("--retry", "N", g.retry, 0, "retry a failed request N times (default: 4)");
  options.number("--timeout", "SECONDS", g.timeout, 1, "close a connection that is silent for SECONDS (default: 60)");
  options.flag("--dry-run", g.dry_run, "print the result without writing anything");
  options.flag("-y,--yes", g.yes, "answer every question with yes");
  options.flag("-h,--help", g.help, "print the help of the command");
  options.command_line_only();
  for (const auto& [prefix, side, whose] :
       {std::tuple{"--", &g.both, "registries"}, std::tuple{"--src-", &g.source, "the source"},
        std::tuple{"--dest-", &g.destination, "the destination"}}) {
    const std::string p = prefix;
    const std::string of = fmt::format(" for {}", whose);
    const std::string oras = prefix == std::string_view("--src-")    ? "--from-"
                             : prefix == std::string_view("--dest-") ? "--to-"
                                                                     : "";
    const auto also = [&](const char* name) {
      if (!oras.empty()) options.also(oras + name);
    };
    options.value(p + "authfile", "FILE", side->authfile, "read credentials from FILE" + of);
    also("registry-config");
    options.value(p + "ca-file", "FILE", side->ca_file, "trust the certificates in FILE (PEM)" + of);
    also("ca-file");
    options.value(p + "cert-dir", "DIR", side->cert_dir,
                  "use the certificates in DIR (*.crt; X.cert and X.key of the client)" + of);
    options.flag(p + "tls-verify", side->tls_verify, "verify certificates (default: true; =false skips it)" + of);
    options.flag(p + "plain-http", side->plain_http, "use HTTP instead of HTTPS" + of);
    also("plain-http");
    options.flag(p + "insecure", side->insecure, "allow plain HTTP and skip certificate verification" + of);
    also("insecure");
  }
}

namespace {

/// Standard input ends once: who reads it again gets the same text.
Surroundings with_input_kept(Surroundings surroundings, FileSystem& fs) {
  surroundings.fs = &fs;
  const auto kept = std::make_shared<std::optional<std::string>>();
  surroundings.read_in = [kept, read = std::move(surroundings.read_in)] {
    if (!*kept) *kept = read();
    return **kept;
  };
  return surroundings;
}

}  // namespace

Context::Context(const Globals& globals, const Surroundings& surroundings)
    : globals_(globals),
      live_area_(surroundings),
      input_file_(*surroundings.fs, temporary_folder(surroundings)),
      surroundings_(with_input_kept(live_area_.surroundings(), input_file_)) {}

Context::~Context() = default;

store::Opener& Context::opener() {
  std::call_once(opener_made_, [this] { opener_ = make_opener(globals_, surroundings_); });
  return *opener_;
}

builder::BuildObserver* Context::observer() {
  std::call_once(observer_made_, [this] { observer_ = make_progress(globals_, surroundings_, live_area_); });
  return observer_.get();
}

Status Context::print(std::string_view line) { return print_raw(printable(line, std::string::npos) + "\n"); }

Status Context::print_text(std::string_view lines) { return print_raw(safe_text(lines)); }

std::string Context::text_of(const Table& table) const {
  const bool is_wide = globals_.output == "wide";
  return table.text(is_wide ? 0 : columns_of(surroundings_), colours_output(surroundings_));
}

std::string Context::short_of(const Digest& digest) const {
  return globals_.output == "wide" ? digest.str() : digest.short_hex();
}

Status Context::print_raw(std::string_view bytes) {
  if (surroundings_.write_out(bytes)) return {};
  return fail(Errc::failed, "cannot write to standard output");
}

Status Context::print_document(const Json& document) {
  if (globals_.output == "yaml") return print_raw(yaml_of(document));
  if (globals_.output == "digest" || globals_.output == "name") {
    SLIPWAY_ASSIGN(const std::string lines, lines_of(document, globals_.output == "name" ? "location" : "digest"));
    return print_raw(lines);
  }
  return print_raw(safe_json(document.pretty()) + "\n");
}

void Context::note(std::string_view line) {
  if (!globals_.quiet) surroundings_.write_err(for_standard_error(safe_text(line), surroundings_) + "\n");
}

void Context::warn(std::string_view line) {
  if (!warned_.insert(std::string(line)).second) return;
  surroundings_.write_err(warning_line(safe_text(line), surroundings_));
}

stdfs::path Context::absolute(const std::string& path) const {
  return (surroundings_.directory / path).lexically_normal();
}

Result<oci::Location> Context::location(const std::string& text) const {
  if (auto problem = foreign_location(text)) return fail(*std::move(problem));
  if (auto on_disk = location_on_disk(fs(), surroundings_.directory, text)) return *std::move(on_disk);
  SLIPWAY_ASSIGN(const auto location, oci::Location::parse(text));
  return location.relative_to(surroundings_.directory.string());
}

Result<oci::Location> Context::location_for_reading(const std::string& text) const {
  if (auto problem = foreign_location(text)) return fail(*std::move(problem));
  if (auto on_disk = location_on_disk(fs(), surroundings_.directory, text)) return *std::move(on_disk);
  SLIPWAY_ASSIGN(const auto location, oci::Location::parse_for_reading(text));
  return location.relative_to(surroundings_.directory.string());
}

oci::Location Context::shown(const oci::Location& location) const {
  if (location.transport() != oci::Transport::layout) return location;
  const stdfs::path relative = stdfs::path(location.path()).lexically_relative(surroundings_.directory);
  if (relative.empty() || *relative.begin() == "..") return location;
  oci::Location shown = oci::Location::layout(relative.string());
  if (location.tag()) shown = shown.with_tag(*location.tag());
  if (location.digest()) shown = shown.with_digest(*location.digest());
  return shown;
}

std::size_t Context::given_jobs_or(int usual) const {
  return static_cast<std::size_t>(globals_.jobs == kJobsNotGiven ? usual : globals_.jobs);
}

std::size_t Context::threads() const { return given_jobs_or(static_cast<int>(processor_count())); }

}  // namespace slipway::cli
