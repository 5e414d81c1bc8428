#include "slipway/run/image_store.h"

#include <algorithm>
#include <array>

#include "run/find_program.h"
#include "run/scratch.h"
#include "slipway/base/subprocess.h"
#include "slipway/base/text.h"
#include "slipway/store/archive.h"

namespace slipway::run {

namespace {

struct Store {
  StoreKind kind;
  std::string_view word;
  std::string_view program;
};

constexpr std::array kStores{
    Store{StoreKind::podman, "podman", "podman"},
    Store{StoreKind::docker, "docker", "docker"},
    Store{StoreKind::nerdctl, "nerdctl", "nerdctl"},
    Store{StoreKind::containerd, "containerd", "ctr"},
};

const Store& store_of(StoreKind kind) {
  return *std::find_if(kStores.begin(), kStores.end(), [&](const Store& store) { return store.kind == kind; });
}

constexpr std::chrono::minutes kLoadTime{30};
constexpr std::size_t kWords = 1u << 20;

class Loading {
 public:
  Loading(const LoadRequest& request, StoreKind kind, const std::vector<std::string>& program)
      : request_(request), kind_(kind), program_(program) {}

  Result<LoadResult> run() {
    SLIPWAY_ASSIGN(const bool there, is_there());
    if (there) {
      SLIPWAY_TRY(give_name());
      return LoadResult{reference(), true};
    }
    const std::filesystem::path archive = request_.scratch / "image.tar";
    SLIPWAY_TRY(write(archive));
    SLIPWAY_TRY(checked(load_words(archive)));
    SLIPWAY_ASSIGN(const bool now, is_there());
    if (!now) {
      return fail(Error(Errc::verification_failed, fmt::format("{} loaded the image, but does not have {} afterwards",
                                                               program_[0], printable(reference(), 200)))
                      .with_hint("look for the image under another ID in its list of images"));
    }
    SLIPWAY_TRY(give_name());
    return LoadResult{reference(), false};
  }

 private:
  bool by_id() const { return kind_ != StoreKind::containerd; }
  const Digest& id() const { return request_.image.manifest.config.digest; }
  /// A name can be moved by others; an ID cannot.
  std::string reference() const { return by_id() ? id().str() : request_.name; }

  Result<CommandResult> call(const std::vector<std::string>& words) {
    Command command;
    command.argv = program_;
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    command.timeout = kLoadTime;
    command.max_output = kWords;
    return run_command(command, request_.copy.stop);
  }

  Status checked(const std::vector<std::string>& words) {
    SLIPWAY_ASSIGN(const CommandResult done, call(words));
    if (done.status == 0) return {};
    std::string what = program_[0];
    for (const std::string& word : words)
      what += " " + word;
    return fail(Errc::failed, "{} failed with status {}: {}", printable(what, 300), done.status,
                printable(trim(done.err.empty() ? done.out : done.err), 2000));
  }

  Result<bool> is_there() {
    if (by_id()) {
      SLIPWAY_ASSIGN(const CommandResult done,
                     call({"image", "inspect", "--format", "{{.Id}}", std::string(id().hex())}));
      return done.status == 0 && done.out.find(id().hex()) != std::string::npos;
    }
    SLIPWAY_ASSIGN(const CommandResult done, call({"images", "list", "name==" + request_.name}));
    return done.status == 0 && done.out.find(request_.image.descriptor.digest.str()) != std::string::npos;
  }

  /// podman takes names from OCI archives and keeps an ID's other names; docker and nerdctl from docker's archives.
  Status give_name() { return by_id() ? checked({"tag", std::string(id().hex()), request_.name}) : Status(); }

  Status write(const std::filesystem::path& archive) {
    const bool docker = kind_ == StoreKind::docker;
    const auto kind = docker ? store::ArchiveKind::docker : store::ArchiveKind::oci;
    SLIPWAY_ASSIGN(const auto target,
                   store::ArchiveTarget::open_or_create(archive, {.kind = kind, .spool_folder = request_.scratch}));
    const std::string tag = docker ? request_.name : request_.name.substr(request_.name.rfind(':') + 1);
    return copy::copy_tagged({&request_.from}, request_.image.descriptor, *target, {tag}, request_.copy);
  }

  std::vector<std::string> load_words(const std::filesystem::path& archive) const {
    if (by_id()) return {"load", "-q", "-i", archive.native()};
    const std::string base = request_.name.substr(0, request_.name.rfind(':'));
    return {"images", "import", "--base-name", base, archive.native()};
  }

  const LoadRequest& request_;
  StoreKind kind_;
  const std::vector<std::string>& program_;
};

}  // namespace

std::string_view name_of(StoreKind kind) { return store_of(kind).word; }
std::string_view program_of(StoreKind kind) { return store_of(kind).program; }

Result<StoreKind> parse_store_kind(std::string_view word) {
  for (const Store& store : kStores) {
    if (store.word == word) return store.kind;
  }
  return fail(Error(Errc::invalid_argument, fmt::format("unknown image store \"{}\"", printable(word, 80)))
                  .with_hint("use --into podman, docker, nerdctl or containerd"));
}

Result<LoadResult> load_image(const LoadRequest& request, StoreKind kind, const std::vector<std::string>& program) {
  return Loading(request, kind, program).run();
}

Result<LoadResult> load_into(FileSystem& fs, store::ReadTarget& from, const image::Image& image,
                             const std::string& name, StoreKind kind, const copy::CopyOptions& copy) {
  const std::string program(program_of(kind));
  if (find_program(program).empty()) {
    return fail(
        Error(Errc::not_found, fmt::format("cannot load into {}: the program {} was not found", name_of(kind), program))
            .with_hint("install it, or put it into PATH"));
  }
  SLIPWAY_ASSIGN(const Scratch scratch, Scratch::make(fs));
  return load_image({from, image, name, scratch.path(), copy}, kind, {program});
}

}  // namespace slipway::run
