#include "cli/peer_words.h"

#include <algorithm>
#include <array>

#include "cli/next_step.h"

namespace slipway::cli {
namespace {

struct Instead {
  std::string_view word, hint;
};

constexpr std::string_view kSigning =
    "sign with a key: slipway sign REF --key KEY; make one with: slipway key generate";
constexpr std::string_view kFromDocker = "write to docker with: slipway load REF --into docker";

constexpr std::array kCommands{
    Instead{"artifact",
            "run: slipway put REF FILE, slipway get REF DIR or slipway attach REF FILE --artifact-type TYPE"},
    Instead{"backup", "run: slipway copy --all-tags REPOSITORY oci:FOLDER"},
    Instead{"buildx", "run: slipway build"},
    Instead{"clean", "run: slipway referrers REF, then: slipway delete REPOSITORY@DIGEST"},
    Instead{"commit", "a container's changes are not an image here: slipway append REF layer.tar DST"},
    Instead{"compose", "run: slipway export ENV --format compose"},
    Instead{"container", "run: slipway run ENV"},
    Instead{"containers", "run: slipway run ENV"},
    Instead{"create", "run: slipway unpack REF DIR, or slipway run ENV"},
    Instead{"deploy", "run: slipway release ENV REF, or slipway promote FROM TO"},
    Instead{"describe", "run: slipway inspect REF, or slipway show ENV"},
    Instead{"discover", "run: slipway referrers REF"},
    Instead{"download", "run: slipway referrers REF, then: slipway get REPOSITORY@DIGEST"},
    Instead{"edit", "run: slipway mutate REF --label KEY=VALUE DST"},
    Instead{"exec", "run: slipway run ENV -- PROGRAM"},
    Instead{"generate-key-pair", kSigning},
    Instead{"image", "run: slipway inspect REF, slipway copy SRC DST or slipway delete REF"},
    Instead{"images", "run: slipway ls -l oci:FOLDER"},
    Instead{"import", "run: slipway append scratch rootfs.tar DST"},
    Instead{"info", "run: slipway doctor"},
    Instead{"layer", "run: slipway blob REPOSITORY@DIGEST"},
    Instead{"layers", "run: slipway inspect REF, then: slipway blob REPOSITORY@DIGEST"},
    Instead{"lint", "run: slipway build --strict --dry-run"},
    Instead{"list", "run: slipway ls REPOSITORY, or slipway catalog HOST"},
    Instead{"logs", "run: slipway run ENV, and read what it prints"},
    Instead{"manifest-digest", "run: slipway digest REF; of a file: sha256sum FILE"},
    Instead{"mount", "run: slipway unpack REF DIR"},
    Instead{"optimize", "compress in another way: slipway build --compression zstd"},
    Instead{"plan", "run: slipway promote FROM TO --plan FILE"},
    Instead{"prune", "run: slipway cache prune, or slipway retire ENV --keep N"},
    Instead{"ps", "run: slipway status; processes belong to the runtime: podman ps"},
    Instead{"public-key", kSigning},
    Instead{"rebase",
            "putting an image on a newer base without its sources comes later; with them, run: slipway build "
            "--update-base"},
    Instead{"ref", "run: slipway digest REF"},
    Instead{"registry", "run: slipway probe HOST, slipway login HOST or slipway catalog HOST"},
    Instead{"remove", "run: slipway delete REF"},
    Instead{"repo", "run: slipway catalog HOST, or slipway ls REPOSITORY"},
    Instead{"resolve", "run: slipway digest REF; in files: slipway pin FILE"},
    Instead{"restore", "run: slipway copy --all-tags oci:FOLDER REPOSITORY"},
    Instead{"rm", "run: slipway delete REF"},
    Instead{"rmi", "run: slipway delete REF"},
    Instead{"rollout", "run: slipway rollback ENV, slipway status or slipway history ENV"},
    Instead{"save", "run: slipway copy REF docker-archive:FILE"},
    Instead{"scan", "write the packages of an image for a scanner: slipway sbom REF"},
    Instead{"scout", "write the packages of an image for a scanner: slipway sbom REF"},
    Instead{"search", "run: slipway catalog HOST, or slipway ls HOST/REPOSITORY"},
    Instead{"set", "run: slipway pin --image NAME=REF FILE"},
    Instead{"standalone-sign", kSigning},
    Instead{"stop", "the runtime stops what it runs: podman stop"},
    Instead{"sync", "run: slipway copy --from-file LIST PREFIX/, or slipway copy --all-tags REPOSITORY DST"},
    Instead{"system", "run: slipway cache stats, or slipway doctor"},
    Instead{"tree", "run: slipway inspect REF, and slipway referrers REF for what is attached"},
    Instead{"triangulate", "run: slipway referrers REF"},
    Instead{"undo", "run: slipway rollback ENV"},
    Instead{"upgrade", "run: slipway release ENV REF, or slipway promote FROM TO"},
};

constexpr std::string_view kNoPasswords =
    "every user of this machine can read command lines: set SLIPWAY_SRC_CREDS or SLIPWAY_DEST_CREDS to USER:PASSWORD "
    "or to fd:N, a descriptor that holds it, or store the login with: slipway login HOST -u USER --password-stdin";
constexpr std::string_view kPlatform = "use --platform OS/ARCH";
constexpr std::string_view kKeptWhole =
    "leave it out: an index is copied whole; --platform OS/ARCH copies a part of it";
constexpr std::string_view kFormat = "use -o json and jq, or -o yaml|digest|name";
constexpr std::string_view kNoRun = "slipway runs no Dockerfile: build with your build system, then run: slipway build";
constexpr std::string_view kTarball = "name the file as the image: slipway digest FILE.tar";
constexpr std::string_view kRecompress =
    "slipway copies bytes as they are; compress while building: slipway build --compression zstd";

constexpr std::array kOptions{
    Instead{"--additional-tag", "add it afterwards: slipway tag REF TAG"},
    Instead{"--allow-insecure-registry", "use --insecure"},
    Instead{"--compress", kRecompress},
    Instead{"--concurrency", "use --jobs N"},
    Instead{"--command-timeout", "use --timeout SECONDS"},
    Instead{"--creds", kNoPasswords},
    Instead{"--debug", "use -vv"},
    Instead{"--dest-compress", kRecompress},
    Instead{"--dest-compress-format", kRecompress},
    Instead{"--dest-creds", kNoPasswords},
    Instead{"--dest-password", kNoPasswords},
    Instead{"--dest-registry-token", kNoPasswords},
    Instead{"--filter", "filter the lines: grep, or -o json and jq"},
    Instead{"--format", kFormat},
    Instead{"--from-oci-layout", "name the folder as a location: oci:FOLDER:TAG"},
    Instead{"--from-password", kNoPasswords},
    Instead{"--full-ref", "use -o name"},
    Instead{"--insecure-policy", "leave it out: slipway reads no policy.json"},
    Instead{"--log-level", "use -v, or -vv"},
    Instead{"--multi-arch", kKeptWhole},
    Instead{"--no-tty", "use --progress plain"},
    Instead{"--no-trunc", "use -o wide"},
    Instead{"--oci-layout", "name the folder as a location: oci:FOLDER:TAG"},
    Instead{"--oci-layout-path", "name the folder as a location: oci:FOLDER:TAG"},
    Instead{"--override-arch", kPlatform},
    Instead{"--override-os", kPlatform},
    Instead{"--override-variant", "use --platform OS/ARCH/VARIANT"},
    Instead{"--password", kNoPasswords},
    Instead{"--policy", "leave it out: slipway reads no policy.json"},
    Instead{"--preserve-digests", "leave it out: slipway never changes a digest"},
    Instead{"--registry-ca-cert-path", "use --ca-file FILE"},
    Instead{"--registry-config", "use --authfile FILE"},
    Instead{"--registry-insecure", "use --insecure"},
    Instead{"--registry-token", kNoPasswords},
    Instead{"--registry-verify-certs", "use --tls-verify=false"},
    Instead{"--remove-signatures", "leave it out: attachments are copied only with --referrers"},
    Instead{"--retry-delay", "leave it out: pauses grow by themselves; --retry N says how often"},
    Instead{"--retry-times", "use --retry N"},
    Instead{"--sign-by", kSigning},
    Instead{"--skip-tls-verify", "use --tls-verify=false"},
    Instead{"--src-creds", kNoPasswords},
    Instead{"--src-password", kNoPasswords},
    Instead{"--src-registry-token", kNoPasswords},
    Instead{"--template", kFormat},
    Instead{"--to-oci-layout", "name the folder as a location: oci:FOLDER:TAG"},
    Instead{"--to-password", kNoPasswords},
};

struct OfCommand {
  std::string_view command, word, hint;
};

constexpr std::array kOptionsOfCommands{
    OfCommand{"build", "--build-arg", kNoRun},
    OfCommand{"build", "--cache-from", "leave it out: unchanged layers are found in slipway's own cache"},
    OfCommand{"build", "--cache-to", "leave it out: unchanged layers are found in slipway's own cache"},
    OfCommand{"build", "--load", kFromDocker},
    OfCommand{"build", "--pull", "use --update-base"},
    OfCommand{"build", "--secret", kNoRun},
    OfCommand{"build", "--squash", "merge the layers afterwards: slipway flatten REF DST"},
    OfCommand{"build", "--target", kNoRun},
    OfCommand{"copy", "--format",
              "leave it out: slipway never converts a manifest, and a location names its kind: "
              "oci:FOLDER:TAG, docker-archive:FILE"},
    OfCommand{"copy", "--index", kKeptWhole},
    OfCommand{"copy", "--image-index", kKeptWhole},
    OfCommand{"copy", "--keep-going", "leave it out: every other image is copied before slipway fails"},
    OfCommand{"copy", "--src", "name the source as a location, such as oci:FOLDER or docker://HOST/REPOSITORY"},
    OfCommand{"copy", "--dest", "name the destination as a location, such as oci:FOLDER or docker://HOST/REPOSITORY"},
    OfCommand{"delete", "-f", "use --force, which asks no ledger, or --yes, which asks nobody"},
    OfCommand{"digest", "--full-ref", "run: slipway inspect -o name REF"},
    OfCommand{"digest", "--tarball", kTarball},
    OfCommand{"index", "-m", "name the images one after the other: slipway index DST SRC..."},
    OfCommand{"index", "--manifest", "name the images one after the other: slipway index DST SRC..."},
    OfCommand{"index", "-t", "the first argument is the destination: slipway index DST SRC..."},
    OfCommand{"index", "--tag", "the first argument is the destination: slipway index DST SRC..."},
    OfCommand{"inspect", "-n", "leave it out: inspect lists no tags; slipway ls does"},
    OfCommand{"inspect", "--no-tags", "leave it out: inspect lists no tags; slipway ls does"},
    OfCommand{"load", "-i", "name the file as the image: slipway load FILE.tar --into docker"},
    OfCommand{"load", "--input", "name the file as the image: slipway load FILE.tar --into docker"},
    OfCommand{"login", "-p", kNoPasswords},
    OfCommand{"ls", "--omit-digest-tags", "filter the lines: slipway ls REPOSITORY | grep -v '^sha256-'"},
    OfCommand{"mutate", "--append", "add layers with: slipway append REF FILE DST"},
    OfCommand{"mutate", "--repo", "name the destination: slipway mutate REF --label KEY=VALUE DST"},
    OfCommand{"mutate", "--set-platform", "name the platform while building: slipway build --platform OS/ARCH"},
    OfCommand{"pin", "--imgpkg-lock-output", "use --lock FILE"},
    OfCommand{"pin", "--lock-output", "use --lock FILE"},
    OfCommand{"run", "--rm", "leave it out: a container of slipway run is removed when it ends"},
    OfCommand{"run", "-it", "leave it out: the program gets the terminal; other options: --runner-arg ARG"},
    OfCommand{"run", "-p", "use --runner-arg --publish=HOST:CONTAINER"},
    OfCommand{"run", "-d", "use --runner-arg --detach"},
    OfCommand{"run", "-v", "use --runner-arg --volume=HOST:CONTAINER"},
    OfCommand{"sbom", "--output-file", "write standard output to a file: slipway sbom REF > FILE"},
    OfCommand{"validate", "--remote", "name the image: slipway validate REF"},
    OfCommand{"validate", "--tarball", "name the file as the image: slipway validate FILE.tar"},
    OfCommand{"validate", "--fast", "leave it out: every blob is read"},
    OfCommand{"verify", "--certificate-identity",
              "certificates are checked by cosign; a key by: slipway verify REF --key PUB"},
    OfCommand{"verify", "--certificate-oidc-issuer",
              "certificates are checked by cosign; a key by: slipway verify REF --key PUB"},
};

constexpr std::array kArguments{
    Instead{"build", "slipway.yaml says what to build: slipway build; another file: slipway build --file FILE"},
    Instead{"export", "write an image's files as a tar: slipway unpack REF EXTRA"},
};

struct TwoWords {
  std::string_view first, second, ours;
};

/// Commands of two words, for those whose first word is a command of ours and those whose first word is not.
constexpr std::array kTwoWords{
    TwoWords{"artifact", "get", "get"},
    TwoWords{"artifact", "list", "referrers"},
    TwoWords{"artifact", "put", "put"},
    TwoWords{"artifact", "tree", "referrers"},
    TwoWords{"attach", "sbom", "attach"},
    TwoWords{"auth", "get", "auth which"},
    TwoWords{"auth", "login", "login"},
    TwoWords{"auth", "logout", "logout"},
    TwoWords{"blob", "fetch", "blob"},
    TwoWords{"blob", "get", "blob"},
    TwoWords{"download", "sbom", "sbom"},
    TwoWords{"download", "attestation", "referrers"},
    TwoWords{"download", "signature", "referrers"},
    TwoWords{"image", "build", "build"},
    TwoWords{"image", "config", "config"},
    TwoWords{"image", "copy", "copy"},
    TwoWords{"image", "cp", "copy"},
    TwoWords{"image", "delete", "delete"},
    TwoWords{"image", "digest", "digest"},
    TwoWords{"image", "history", "history"},
    TwoWords{"image", "inspect", "inspect"},
    TwoWords{"image", "ls", "ls -l"},
    TwoWords{"image", "manifest", "manifest"},
    TwoWords{"image", "pull", "pull"},
    TwoWords{"image", "push", "push"},
    TwoWords{"image", "rm", "delete"},
    TwoWords{"image", "tag", "tag"},
    TwoWords{"index", "append", "index"},
    TwoWords{"index", "create", "index"},
    TwoWords{"manifest", "delete", "delete"},
    TwoWords{"manifest", "fetch", "manifest"},
    TwoWords{"manifest", "fetch-config", "config"},
    TwoWords{"manifest", "get", "manifest"},
    TwoWords{"manifest", "head", "digest"},
    TwoWords{"manifest", "inspect", "manifest"},
    TwoWords{"manifest", "create", "index"},
    TwoWords{"manifest", "push", "copy"},
    TwoWords{"registry", "login", "login"},
    TwoWords{"registry", "logout", "logout"},
    TwoWords{"repo", "copy", "copy --all-tags"},
    TwoWords{"repo", "ls", "catalog"},
    TwoWords{"repo", "tags", "ls"},
    TwoWords{"rollout", "history", "history"},
    TwoWords{"rollout", "status", "status"},
    TwoWords{"rollout", "undo", "rollback"},
    TwoWords{"system", "prune", "cache prune"},
    TwoWords{"tag", "delete", "delete"},
    TwoWords{"tag", "list", "ls"},
    TwoWords{"tag", "ls", "ls"},
    TwoWords{"tag", "rm", "delete"},
};

template <class Words>
std::optional<std::string_view> find(const Words& words, std::string_view word) {
  for (const Instead& instead : words) {
    if (instead.word == word) return instead.hint;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> instead_of_command(std::string_view word) { return find(kCommands, word); }

std::optional<std::string_view> instead_of_option(std::string_view command, std::string_view option) {
  for (const OfCommand& instead : kOptionsOfCommands) {
    if (instead.command == command && instead.word == option) return instead.hint;
  }
  return find(kOptions, option);
}

std::optional<std::string_view> instead_of_argument(std::string_view command) { return find(kArguments, command); }

std::optional<std::string> instead_of_two_words(const std::vector<std::string>& words) {
  if (words.size() < 2) return std::nullopt;
  const auto* const found = std::find_if(kTwoWords.begin(), kTwoWords.end(), [&](const TwoWords& two) {
    return two.first == words[0] && two.second == words[1];
  });
  if (found == kTwoWords.end()) return std::nullopt;
  return fmt::format("run: slipway {}{}", found->ours, words_before_options(words, 2));
}

}  // namespace slipway::cli
