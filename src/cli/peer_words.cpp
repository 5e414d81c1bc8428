#include "cli/peer_words.h"

#include <array>

namespace slipway::cli {
namespace {

struct Instead {
  std::string_view word, hint;
};

constexpr std::array kCommands{
    Instead{"append", "run: slipway build --base REF --add SRC:DST --to DST"},
    Instead{"artifact", "run: slipway referrers REF; copy artifacts with: slipway copy --referrers SRC DST"},
    Instead{"attach",
            "run: slipway build --sbom spdx, or attach the file with oras; slipway copy --referrers moves it"},
    Instead{"backup", "run: slipway copy --all-tags REPOSITORY oci:FOLDER"},
    Instead{"blob", "run: slipway copy REF oci:FOLDER, then read FOLDER/blobs/sha256/HEX"},
    Instead{"buildx", "run: slipway build"},
    Instead{"catalog", "name a repository: slipway ls HOST/REPOSITORY"},
    Instead{"discover", "run: slipway referrers REF"},
    Instead{"flatten", "run: slipway unpack REF DIR, then slipway build --base scratch --add DIR:/ --to DST"},
    Instead{"get", "run: slipway referrers REF, then slipway copy REPOSITORY@DIGEST oci:FOLDER"},
    Instead{"image", "run: slipway inspect REF, slipway copy SRC DST or slipway delete REF"},
    Instead{"images", "run: slipway ls oci:FOLDER"},
    Instead{"import", "run: slipway build --base scratch, with the tar file as an archive layer of slipway.yaml"},
    Instead{"lint", "run: slipway build --strict --dry-run"},
    Instead{"mutate", "run: slipway build --base REF --label K=V --entrypoint ARGV --to DST"},
    Instead{"plan", "run: slipway promote FROM TO --plan FILE"},
    Instead{"put", "run: slipway build --sbom spdx, or attach the file with oras; slipway copy --referrers moves it"},
    Instead{"rebase", "run: slipway build --update-base, which moves the base's digest in slipway.lock"},
    Instead{"registry", "run: slipway probe HOST, slipway login HOST or slipway ls REPOSITORY"},
    Instead{"repo", "run: slipway ls REPOSITORY"},
    Instead{"resolve", "run: slipway digest REF; in files: slipway pin FILE"},
    Instead{"rmi", "run: slipway delete REF"},
    Instead{"save", "run: slipway copy REF docker-archive:FILE"},
    Instead{"search", "name a repository: slipway ls HOST/REPOSITORY"},
    Instead{"tree", "run: slipway inspect REF, and slipway referrers REF for what is attached"},
};

constexpr std::string_view kNoPasswords =
    "every user of this machine can read command lines; run: slipway login HOST -u USER --password-stdin < FILE, or "
    "set "
    "DOCKER_AUTH_CONFIG; --src-authfile and --dest-authfile tell two logins apart";

constexpr std::array kOptions{
    Instead{"--creds", kNoPasswords},
    Instead{"--src-creds", kNoPasswords},
    Instead{"--dest-creds", kNoPasswords},
    Instead{"--password", kNoPasswords},
    Instead{"--src-password", kNoPasswords},
    Instead{"--dest-password", kNoPasswords},
    Instead{"--from-password", kNoPasswords},
    Instead{"--to-password", kNoPasswords},
    Instead{"--registry-config", "use --authfile FILE"},
    Instead{"--override-arch", "use --platform OS/ARCH"},
    Instead{"--override-os", "use --platform OS/ARCH"},
    Instead{"--multi-arch", "leave it out: an index is copied whole; --platform OS/ARCH copies a part of it"},
    Instead{"--preserve-digests", "leave it out: slipway never changes a digest"},
    Instead{"--concurrency", "use --jobs N"},
    Instead{"--format", "use -o json and jq"},
    Instead{"--retry-times", "use --retry N"},
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

std::optional<std::string_view> instead_of_option(std::string_view option) { return find(kOptions, option); }

}  // namespace slipway::cli
