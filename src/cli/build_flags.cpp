#include "cli/build_flags.h"

#include "cli/config_flags.h"

namespace slipway::cli {

void bind_build_flags(OptionSet& options, BuildFlags& f) {
  options.list("-t,--tag", "TAG", f.tags,
               "tag of every destination that names none, or a location of its own (repeatable; default: latest)");
  options.flag("--push", f.push, "write to image.repository of slipway.yaml");
  options.list("--to", "LOCATION", f.to,
               "write the image to LOCATION (repeatable; default: the layout .slipway/images)");
  options.list("--platform", "OS/ARCH", f.request.platforms,
               "build for this platform (repeatable; default: that of the first program)");
  options.flag("--locked", f.locked, "fail if slipway.lock lacks the base's digest (default in CI)");
  options.flag("--update-base", f.update_base,
               "ask the registry for the base's digest again and store it in slipway.lock");
  options.value("--created", "TIME|git", f.created,
                "set the image's creation time: RFC 3339, or the commit's time (default: SOURCE_DATE_EPOCH or 0)");
  options.value("--base", "REF|scratch", f.base, "build from flags alone, on this base image");
  options.list("--add", "SRC:DST[:mode[:uid:gid]]", f.request.adds, "pack a file or a folder's contents (repeatable)");
  options.list("--archive", "FILE", f.request.archives,
               "make a layer of a tar, Debian package or zip, compressed or not; - is standard input (repeatable)");
  options.list("--closure", "BIN", f.request.closures,
               "pack the libraries and the loader that a program needs (repeatable)");
  options.list("--dlopen", "LIB", f.request.dlopens,
               "pack a library that those programs load at run time (repeatable)");
  options.list("--profile", "NAME", f.request.profiles,
               "pack what they load by known rules: auto, nss, iconv, openssl, sasl, pam, qt, gtk (repeatable)");
  options.list(
      "--runtime", "KIND", f.request.runtime,
      "pack data that they read: auto, minimal, ca-certificates, tzdata, locale, passwd, nsswitch, tmp, ld.so.cache, "
      "dpkg-status (repeatable)");
  options.value("--sysroot", "DIR", f.request.sysroot, "take libraries from this root folder (default: /)");
  bind_config_flags(options, f.request);
  options.value("--compression", "FORMAT[:LEVEL]", f.request.compression,
                "compress layers with gzip, zstd or none; fast, default or best (default: gzip:default)");
  options.value("--codec", "NAME", f.codec,
                "give layers the bytes of this library version, e.g. zstd-1.5.7, and keep it in slipway.lock");
  options.flag(
      "--preserve-modes", f.request.preserve_modes,
      "keep modes and file capabilities as on disk (default: folders and files that their owner may execute are "
      "0755, other files 0644, without capabilities)");
  options.list("--sbom", "FORMAT", f.sboms, "attach an SBOM to the image: spdx, cyclonedx (repeatable)");
  options.list("--sbom-include", "PATH", f.sbom_includes,
               "merge this SBOM, or those in this folder, into it (repeatable)");
  options.flag("--split-debug", f.split_debug, "attach the programs' debug information instead of packing it");
  options.flag("--check-reproducible", f.check,
               "build twice under different conditions and publish only equal results");
  options.flag("--check-symbols", f.check_symbols, "fail if a symbol that a program or library needs is missing");
  options.flag("--strict", f.strict, "turn the findings of lint in the programs of a closure into errors");
  options.flag("--no-check", f.no_check, "publish even if the entrypoint cannot start");
  options.command_line_only();
  options.flag("--explain", f.explain, "print the layers and why each file of a closure is in the image");
  options.flag("--no-cache", f.no_cache, "build without the cache");
  options.value("--cache-limit", "SIZE", f.cache_limit, "keep at most SIZE in the cache (default: 8GiB)");
  bind_result_files(options, f.files);
}

}  // namespace slipway::cli
