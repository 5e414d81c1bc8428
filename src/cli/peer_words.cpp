#include "cli/peer_words.h"

#include <array>

namespace slipway::cli {
namespace {

struct Instead {
  std::string_view word, hint;
};

constexpr std::array kCommands{
    Instead{"artifact",
            "run: slipway put REF FILE, slipway get REF DIR or slipway attach REF FILE --artifact-type TYPE"},
    Instead{"backup", "run: slipway copy --all-tags REPOSITORY oci:FOLDER"},
    Instead{"buildx", "run: slipway build"},
    Instead{"discover", "run: slipway referrers REF"},
    Instead{"image", "run: slipway inspect REF, slipway copy SRC DST or slipway delete REF"},
    Instead{"images", "run: slipway ls oci:FOLDER"},
    Instead{"import", "run: slipway append scratch rootfs.tar DST"},
    Instead{"layer", "run: slipway blob REPOSITORY@DIGEST"},
    Instead{"lint", "run: slipway build --strict --dry-run"},
    Instead{"plan", "run: slipway promote FROM TO --plan FILE"},
    Instead{"rebase",
            "putting an image on a newer base without its sources comes later; with them, run: slipway build "
            "--update-base"},
    Instead{"registry", "run: slipway probe HOST, slipway login HOST or slipway catalog HOST"},
    Instead{"repo", "run: slipway catalog HOST, or slipway ls REPOSITORY"},
    Instead{"resolve", "run: slipway digest REF; in files: slipway pin FILE"},
    Instead{"rmi", "run: slipway delete REF"},
    Instead{"save", "run: slipway copy REF docker-archive:FILE"},
    Instead{"search", "run: slipway catalog HOST, or slipway ls HOST/REPOSITORY"},
    Instead{"tree", "run: slipway inspect REF, and slipway referrers REF for what is attached"},
};

constexpr std::string_view kNoPasswords =
    "every user of this machine can read command lines: set SLIPWAY_SRC_CREDS or SLIPWAY_DEST_CREDS to USER:PASSWORD "
    "or "
    "to fd:N, a descriptor that holds it, or store the login with: slipway login HOST -u USER --password-stdin";

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

constexpr std::array kArguments{
    Instead{"export", "write an image's files as a tar with: slipway unpack REF FILE.tar (- for standard output)"},
    Instead{"flatten", "slipway flatten REF DST"},
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

std::optional<std::string_view> instead_of_argument(std::string_view command) { return find(kArguments, command); }

}  // namespace slipway::cli
