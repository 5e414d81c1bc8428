#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/live_area.h"
#include "cli/options.h"
#include "cli/standard_input_file.h"
#include "cli/table.h"
#include "slipway/base/json.h"
#include "slipway/builder/observer.h"
#include "slipway/cli/run.h"
#include "slipway/oci/location.h"
#include "slipway/store/opener.h"

namespace slipway::cli {

/// Connection flags of one side.
struct SideFlags {
  std::optional<std::string> authfile;
  std::optional<std::string> ca_file;
  std::optional<std::string> cert_dir;
  bool tls_verify = true;
  bool plain_http = false;
  bool insecure = false;
};

/// The value of `jobs` when --jobs is not given: more than any machine has.
inline constexpr int kJobsNotGiven = 1 << 20;

/// The flags every command has.
struct Globals {
  std::optional<std::string> file;
  std::optional<std::string> app;
  std::string output = "text";
  std::string progress = "auto";
  bool quiet = false;
  int verbose = 0;
  int jobs = kJobsNotGiven;
  int retry = 4;
  int timeout = 60;  ///< seconds without a byte
  bool dry_run = false;
  bool yes = false;
  bool help = false;
  SideFlags both, source, destination;
};

void bind_globals(OptionSet& options, Globals& globals);

/// One run of the program: flags, streams and the parts put together.
class Context {
 public:
  Context(const Globals& globals, const Surroundings& surroundings);
  ~Context();

  const Globals& globals() const { return globals_; }
  const Surroundings& surroundings() const { return surroundings_; }
  FileSystem& fs() const { return *surroundings_.fs; }
  std::stop_token stop() const { return surroundings_.stop; }
  /// True where the result is a document and not lines for people: print it with print_document().
  bool json() const { return globals_.output != "text" && globals_.output != "wide"; }
  /// True where tables are shown: on a terminal, or with -o wide. Piped lines stay complete and undecorated.
  bool shows_tables() const {
    return globals_.output == "wide" || (globals_.output == "text" && surroundings_.out_is_terminal);
  }
  /// Digests as tables show them: short, but for -o wide.
  std::string short_of(const Digest& digest) const;
  /// Transfers at once.
  std::size_t jobs() const { return given_jobs_or(4); }
  /// Of whole images, whose requests are small and wait for each other.
  std::size_t images_at_once() const { return given_jobs_or(8); }
  /// Threads for what computes: --jobs, else as many as the machine has.
  std::size_t threads() const;

  /// These two from several threads, too; made when first asked for.
  store::Opener& opener();
  builder::BuildObserver* observer();

  /// Prints a line of the result, foreign text made safe. Errc::failed when standard output does not take it.
  Status print(std::string_view line);
  /// Prints lines of the result, each ending in a newline, foreign text made safe.
  Status print_text(std::string_view lines);
  /// The text of a table as wide as the terminal, in colour where the user wants colours: for print_raw().
  std::string text_of(const Table& table) const;
  /// Prints the bytes of an image or file as they are.
  Status print_raw(std::string_view bytes);
  /// Prints a document as -o says: JSON, YAML, or the digests or names in it.
  Status print_document(const Json& document);
  /// Prints a line for people on standard error, unless --quiet is given.
  void note(std::string_view line);
  /// Prints a warning on standard error; the same one only once a run.
  void warn(std::string_view line);

  /// A path made absolute against the current folder.
  stdfs::path absolute(const std::string& path) const;
  /// A location as typed, also a file or folder on disk that is one; paths made absolute.
  Result<oci::Location> location(const std::string& text) const;
  Result<oci::Location> location_for_reading(const std::string& text) const;
  /// A location for people: layouts below the current folder relative to it.
  oci::Location shown(const oci::Location& location) const;

 private:
  std::size_t given_jobs_or(int usual) const;

  const Globals& globals_;
  LiveArea live_area_;
  StandardInputFile input_file_;
  const Surroundings surroundings_;  // whose writers know of the live area
  std::once_flag opener_made_, observer_made_;
  std::set<std::string> warned_;  // by texts
  std::unique_ptr<store::Opener> opener_;
  std::unique_ptr<builder::BuildObserver> observer_;
};

}  // namespace slipway::cli
