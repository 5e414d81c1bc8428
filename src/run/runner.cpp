#include "slipway/run/runner.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "run/attached_process.h"
#include "run/bubblewrap.h"
#include "run/bundle.h"
#include "run/find_program.h"
#include "run/scratch.h"
#include "slipway/base/subprocess.h"
#include "slipway/base/text.h"
#include "slipway/run/env_dialect.h"
#include "slipway/run/image_store.h"
#include "slipway/run/unpack.h"

namespace slipway::run {

namespace {

struct Known {
  RunnerKind kind;
  std::string_view word;
  std::string_view program;
  bool has_daemon;
};

constexpr std::array kKnown{
    Known{RunnerKind::podman, "podman", "podman", false},
    Known{RunnerKind::docker, "docker", "docker", true},
    Known{RunnerKind::nerdctl, "nerdctl", "nerdctl", true},
    Known{RunnerKind::containerd, "containerd", "ctr", true},
    Known{RunnerKind::crun, "crun", "crun", false},
    Known{RunnerKind::runc, "runc", "runc", false},
    Known{RunnerKind::bubblewrap, "bubblewrap", "bwrap", false},
};

/// podman's options that stand before "run" and take a value.
constexpr std::array<std::string_view, 18> kPodmanGlobals{
    "--runtime",    "--root",     "--runroot",      "--storage-driver",   "--storage-opt",        "--cgroup-manager",
    "--log-level",  "--tmpdir",   "--conmon",       "--events-backend",   "--hooks-dir",          "--url",
    "--connection", "--identity", "--runtime-flag", "--network-cmd-path", "--network-config-dir", "--volumepath"};

constexpr std::chrono::seconds kAnswerTime{10};

bool answers(const Known& known, const std::string& program, std::stop_token stop) {
  if (!known.has_daemon) return true;
  Command command;
  command.argv = {program, "version"};
  command.timeout = kAnswerTime;
  const auto done = run_command(command, std::move(stop));
  return done && done->status == 0;
}

bool on_terminal() { return ::isatty(0) == 1 && ::isatty(1) == 1; }

/// Returns the content of etc/`name` of the unpacked image; empty if it is missing, or a symlink that could lead out.
std::string image_file(FileSystem& fs, const stdfs::path& root, const char* name) {
  const auto folder = fs.stat(root / "etc");
  const auto stat = fs.stat(root / "etc" / name);
  const bool plain = folder && folder->type == FileType::directory && stat && stat->type == FileType::regular;
  return plain ? read_file(fs, root / "etc" / name, 1u << 20).value_or("") : std::string();
}

/// Words as bwrap's --args takes them, each ended by a zero byte, in a file without a name.
Result<OwnedFd> in_memory(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text.append(word).push_back('\0');
  OwnedFd file(::memfd_create("values", MFD_CLOEXEC));
  if (!file) return fail(system_error("create", "a file in memory", errno));
  SLIPWAY_TRY(write_all(file.get(), std::as_bytes(std::span(text)), "a file in memory"));
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return fail(system_error("read", "a file in memory", errno));
  return file;
}

/// The pipe through which bwrap says which process its container is.
struct Report {
  OwnedFd from, to;

  static Result<Report> make() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(system_error("make", "a pipe", errno));
    return Report{OwnedFd(ends[0]), OwnedFd(ends[1])};
  }

  /// Waits for {"child-pid": N}, which ends when bwrap has the container or has failed. Call it once.
  OwnedFd process() {
    to.reset();
    std::string text(256, ' ');
    std::size_t size = 0;
    for (ssize_t n = 1; n > 0 && size<text.size(); size += n> 0 ? static_cast<std::size_t>(n) : 0)
      n = ::read(from.get(), text.data() + size, text.size() - size);
    const auto said = Json::parse(text.substr(0, size), "what bwrap says of its container");
    const Json* member = said ? said->find("child-pid") : nullptr;
    const std::int64_t* pid = member == nullptr ? nullptr : member->integer();
    return pid == nullptr ? OwnedFd()
                          : OwnedFd(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(*pid), 0)));
  }
};

class Running {
 public:
  Running(const RunRequest& request, const stdfs::path& scratch, std::stop_token stop)
      : request_(request), scratch_(scratch), stop_(std::move(stop)) {}

  Result<int> run() {
    switch (request_.runner.kind) {
      case RunnerKind::crun:
      case RunnerKind::runc:
        return run_bundle();
      case RunnerKind::bubblewrap:
        return run_bubblewrap();
      case RunnerKind::containerd:
        return run_containerd();
      case RunnerKind::podman:
        return run_docker_like(StoreKind::podman, Dialect::podman);
      case RunnerKind::docker:
        return run_docker_like(StoreKind::docker, Dialect::docker);
      default:
        return run_docker_like(StoreKind::nerdctl, Dialect::docker);
    }
  }

 private:
  using Words = std::vector<std::string>;

  Result<std::string> env_file(Dialect dialect) {
    SLIPWAY_ASSIGN(const std::string text, write_env(request_.values, dialect));
    const stdfs::path file = scratch_ / "env";
    SLIPWAY_TRY(write_file_atomically(request_.fs, file, text, 0600));
    return file.native();
  }

  /// The place of each mounted file on this machine and in the container.
  Result<std::vector<std::pair<std::string, std::string>>> mounted_files() {
    std::vector<std::pair<std::string, std::string>> files;
    const stdfs::path folder = scratch_ / "files";
    SLIPWAY_TRY(request_.fs.make_directories(folder));
    SLIPWAY_ASSIGN(const auto open, request_.fs.open_tree(folder));
    for (const MountedFile& file : request_.mounts) {
      stdfs::path here = folder / std::to_string(files.size());
      // With exactly this mode, whatever the umask: the program may run as anybody.
      SLIPWAY_TRY(write_file_atomically(request_.fs, here, file.content, file.mode));
      SLIPWAY_TRY(open->set_mode_of(here.filename().native(), file.mode));
      files.emplace_back(here.native(), file.path);
    }
    return files;
  }

  /// As words of docker, podman and nerdctl, or of ctr; these have no way to quote a comma.
  Result<Words> mount_words(std::string_view source, std::string_view target, std::string_view read_only) {
    Words words;
    SLIPWAY_ASSIGN(const auto files, mounted_files());
    for (const auto& [here, there] : files) {
      if (there.find_first_of(",\"\n") != std::string::npos) {
        return fail(Error(Errc::unsupported, fmt::format("{} cannot mount a file at \"{}\"", request_.runner.program,
                                                         printable(there, 4096)))
                        .with_hint("use --runner crun, or a name without commas and quotes"));
      }
      words.emplace_back("--mount");
      words.push_back(fmt::format("type=bind,{}={},{}={},{}", source, here, target, there, read_only));
    }
    return words;
  }

  /// The user's arguments, podman's global ones apart.
  std::pair<Words, Words> divided_args() const {
    Words globals, own;
    const Words& all = request_.runner_args;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string name = all[i].substr(0, all[i].find('='));
      const bool is_global = request_.runner.kind == RunnerKind::podman &&
                             std::find(kPodmanGlobals.begin(), kPodmanGlobals.end(), name) != kPodmanGlobals.end();
      Words& to = is_global ? globals : own;
      to.push_back(all[i]);
      if (is_global && name == all[i] && i + 1 < all.size()) to.push_back(all[++i]);
    }
    return {std::move(globals), std::move(own)};
  }

  Result<std::string> load(StoreKind kind, const Words& program) {
    const LoadRequest load{
        .from = request_.from, .image = request_.image, .name = request_.name, .scratch = scratch_, .copy = {}};
    SLIPWAY_ASSIGN(const LoadResult loaded, load_image(load, kind, program));
    return loaded.reference;
  }

  Result<int> run_docker_like(StoreKind kind, Dialect dialect) {
    auto [globals, own] = divided_args();
    Words words{request_.runner.program};
    words.insert(words.end(), globals.begin(), globals.end());
    std::string reference = request_.location.place() + "@" + request_.image.descriptor.digest.str();
    if (request_.location.is_registry() && request_.location.digest()) {
      reference = request_.location.place() + "@" + request_.location.digest()->str();
    } else {
      SLIPWAY_ASSIGN(reference, load(kind, words));
    }
    SLIPWAY_ASSIGN(const std::string env, env_file(dialect));
    words.insert(words.end(), {"run", "--rm", "-i", "--env-file", env});
    SLIPWAY_ASSIGN(const Words mounts, mount_words("source", "target", "readonly"));
    words.insert(words.end(), mounts.begin(), mounts.end());
    if (on_terminal()) words.emplace_back("-t");
    if (request_.plain_http && kind == StoreKind::podman) words.emplace_back("--tls-verify=false");
    if (request_.plain_http && kind == StoreKind::nerdctl) words.emplace_back("--insecure-registry");
    words.insert(words.end(), own.begin(), own.end());
    words.push_back(std::move(reference));
    words.insert(words.end(), request_.args.begin(), request_.args.end());
    return run_attached(words, stop_);
  }

  Result<int> run_containerd() {
    SLIPWAY_ASSIGN(const std::string reference, load(StoreKind::containerd, {request_.runner.program}));
    SLIPWAY_ASSIGN(const std::string env, env_file(Dialect::docker));
    Words words{request_.runner.program, "run", "--rm", "--env-file", env};
    SLIPWAY_ASSIGN(const Words mounts, mount_words("src", "dst", "options=bind:ro"));
    words.insert(words.end(), mounts.begin(), mounts.end());
    if (on_terminal()) words.emplace_back("--tty");
    words.insert(words.end(), request_.runner_args.begin(), request_.runner_args.end());
    words.insert(words.end(), {reference, container_id()});
    words.insert(words.end(), request_.args.begin(), request_.args.end());
    return run_attached(words, stop_);
  }

  /// Unpacks the image into the scratch folder; `keep_owners` where its users are those of the container.
  Result<BundleRequest> unpacked(const stdfs::path& root, bool keep_owners) {
    SLIPWAY_ASSIGN(const image::FileList files, request_.files());
    SLIPWAY_TRY(unpack_image(request_.fs, request_.from, request_.image, files, root,
                             {.lanes = 2, .keep_owners = keep_owners}, stop_));
    BundleRequest bundle{.config = request_.image.config,
                         .values = request_.values,
                         .args = request_.args,
                         .files = {},
                         .terminal = on_terminal(),
                         .user = {},
                         .rootless = {}};
    SLIPWAY_ASSIGN(bundle.user, resolve_user(bundle.config.user, image_file(request_.fs, root, "passwd"),
                                             image_file(request_.fs, root, "group")));
    SLIPWAY_ASSIGN(bundle.files, mounted_files());
    return bundle;
  }

  Result<int> run_bundle() {
    const bool rootless = ::geteuid() != 0;
    SLIPWAY_ASSIGN(BundleRequest bundle, unpacked(scratch_ / "rootfs", !rootless));
    if (rootless) bundle.rootless = {::geteuid(), ::getegid()};
    SLIPWAY_ASSIGN(const Json config, runtime_config(bundle));
    SLIPWAY_TRY(write_file_atomically(request_.fs, scratch_ / "config.json", config.pretty() + "\n", 0600));
    Words words{request_.runner.program};
    // A runtime's own state must be where this user may write.
    if (rootless) words.insert(words.end(), {"--root", (scratch_ / "state").native()});
    words.insert(words.end(), {"run", "--bundle", scratch_.native()});
    words.insert(words.end(), request_.runner_args.begin(), request_.runner_args.end());
    words.push_back(container_id());
    return run_attached(words, stop_);
  }

  Result<int> run_bubblewrap() {
    const stdfs::path root = scratch_ / "rootfs";
    SLIPWAY_ASSIGN(const BundleRequest bundle, unpacked(root, false));
    SLIPWAY_ASSIGN(const BubblewrapWords container, bubblewrap_words(bundle, root));
    SLIPWAY_ASSIGN(const OwnedFd values, in_memory(container.values));
    SLIPWAY_ASSIGN(Report report, Report::make());
    Words words{request_.runner.program, "--args", std::to_string(values.get()), "--info-fd",
                std::to_string(report.to.get())};
    words.insert(words.end(), container.options.begin(), container.options.end());
    words.insert(words.end(), request_.runner_args.begin(), request_.runner_args.end());
    words.emplace_back("--");
    words.insert(words.end(), container.program.begin(), container.program.end());
    return run_attached(
        words, stop_, {.inherited = {values.get(), report.to.get()}, .find_process = [&] { return report.process(); }});
  }

  /// The scratch folder's name is nobody else's.
  std::string container_id() const {
    std::string id = "slipway" + scratch_.filename().native();
    std::replace(id.begin(), id.end(), '.', '-');
    return id;
  }

  const RunRequest& request_;
  const stdfs::path& scratch_;
  std::stop_token stop_;
};

}  // namespace

Result<Runner> find_runner(const std::optional<std::string>& name, std::stop_token stop) {
  std::string looked_for;
  for (const Known& known : kKnown) {
    if (name && *name != known.word && *name != known.program) continue;
    const std::string program = find_program(std::string(known.program));
    if (!program.empty() && (name || answers(known, program, stop))) return Runner{known.kind, program};
    looked_for += (looked_for.empty() ? "" : ", ") + std::string(known.program);
  }
  if (looked_for.empty()) {
    return fail(Error(Errc::invalid_argument, fmt::format("unknown runner \"{}\"", printable(*name, 80)))
                    .with_hint("use --runner podman, docker, nerdctl, containerd, crun, runc or bubblewrap"));
  }
  return fail(
      Error(Errc::not_found, fmt::format("nothing here starts containers: {} not found or not answering", looked_for))
          .with_hint("install podman, crun or bubblewrap; or start docker's or containerd's daemon"));
}

Result<int> run_image(const RunRequest& request, std::stop_token stop) {
  SLIPWAY_ASSIGN(const Scratch scratch, Scratch::make(request.fs));
  return Running(request, scratch.path(), std::move(stop)).run();
}

}  // namespace slipway::run
