#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "slipway/base/diagnostics.h"
#include "slipway/config/yaml.h"
#include "slipway/io/compress.h"
#include "slipway/oci/descriptor.h"
#include "slipway/oci/location.h"
#include "slipway/oci/platform.h"

namespace slipway::builder {

/// Returns the top-level keys that slipway.yaml may have; decode_recipe() reads `app` and `image`.
const std::vector<std::string>& top_level_keys();

/// A text of a recipe with its place in slipway.yaml, or in a flag, for messages.
struct Placed {
  std::string text;
  Where where;
};

/// The owner of a file in the image; names are not supported, because they differ between systems.
struct Owner {
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
};

/// Files that go into a layer: a file, or a folder's contents; or an empty folder or a symlink, made from nothing.
struct FileRule {
  Placed from;                        ///< relative to Recipe::folder; may hold {os} {arch} {variant}
  std::string to;                     ///< absolute
  bool makes_folder = false;          ///< `from` has a place only
  std::optional<std::string> link;    ///< the symlink's text; `from` has a place only
  std::optional<std::uint32_t> mode;  ///< of the file, or of the folder that `to` is; not of the files in it
  std::optional<Owner> owner;
  std::vector<std::string> include;           ///< .dockerignore patterns for members of a folder; empty: all
  std::vector<std::string> exclude;           ///< the same, for members to leave out
  std::optional<Placed> ignore_file;          ///< a file of more patterns to exclude
  std::map<std::string, std::string> xattrs;  ///< of every regular file; capabilities are among them
  bool keep_modes = false;                    ///< modes as on disk instead of 0755 and 0644
  bool follow_links = false;  ///< replace symlinks that lead out of the folder by the files they lead to
  bool replace = false;       ///< folders may replace files and symlinks of the base, and files its folders
};

/// One layer to be built.
struct LayerRule {
  std::string name;
  Where where;
  std::vector<FileRule> files;
  std::vector<Placed> remove;             ///< absolute paths of the base to be removed
  std::vector<Placed> closure;            ///< programs, or folders of them, whose libraries and loader the layer gets
  std::vector<Placed> dlopen;             ///< libraries that those load at run time and that their headers do not name
  std::vector<std::string> without = {};  ///< names of libraries that are neither packed nor missed
  std::vector<Placed> profiles;           ///< names of known sets of plugins that those load, or `auto`
  std::vector<Placed> runtime;            ///< data that programs read at run time: kinds, `auto` or `minimal`
  std::optional<Placed> sysroot;          ///< the root folder that has the libraries; nullopt: this machine's
  std::optional<Placed> archive;          ///< an archive whose entries the layer gets
  bool clamp_times = false;               ///< keep mtimes older than the epoch
  bool git_times = false;                 ///< give files of the work tree the time of the commit that changed them last
  bool split_by_churn = false;            ///< several layers instead of one, the one that changes least lowest
};

/// A health check of Docker's image format (HEALTHCHECK). 0 leaves a time or the retries to the runtime.
struct HealthCheck {
  std::vector<std::string> test;  ///< {"NONE"}, {"CMD", PROGRAM, ARGUMENT...} or {"CMD-SHELL", COMMAND}
  std::int64_t interval = 0;      ///< this and the other times: nanoseconds
  std::int64_t timeout = 0;
  std::int64_t start_period = 0;    ///< in which failures do not count
  std::int64_t start_interval = 0;  ///< between checks in the start period
  std::int64_t retries = 0;         ///< failures in a row that make a container unhealthy
};

/// The image's config; absent members are the base's.
struct ConfigRule {
  std::optional<std::vector<std::string>> entrypoint;
  std::optional<std::vector<std::string>> cmd;
  std::vector<std::pair<std::string, std::string>> env;
  std::optional<std::string> user;
  std::optional<std::string> workdir;
  std::vector<std::string> ports;
  std::vector<std::string> volumes;
  std::vector<std::pair<std::string, std::string>> labels;
  std::optional<std::string> stop_signal;
  std::optional<HealthCheck> health_check;
  std::optional<std::vector<std::string>> shell;  ///< runs the shell form of health checks and of Dockerfiles
  std::vector<std::string> on_build;              ///< instructions for Dockerfiles whose base is this image
  std::optional<std::string> author;
};

/// Everything that determines an image, from slipway.yaml or from flags. A value.
struct Recipe {
  std::string app;
  std::filesystem::path folder;             ///< what relative paths start from
  std::optional<oci::Location> repository;  ///< layouts are relative to `folder`
  std::optional<oci::Location> base;        ///< nullopt: scratch
  Where base_where;
  std::vector<oci::Platform> platforms;
  bool source_git = false;  ///< annotate the image with git's revision, time and URL
  std::string source_url;   ///< the URL of the sources; empty: that of the remote "origin"
  std::vector<LayerRule> layers;
  ConfigRule config;
  oci::Annotations annotations;
  io::Compression compression = io::Compression::gzip;
  io::Level level = io::Level::normal;
  std::string codec;                  ///< io::Packing::codec of the layers; empty: the lock's, or level 1's
  bool split_debug = false;           ///< put debug information into an artifact attached to the image
  std::vector<std::string> sboms;     ///< documents to attach: "spdx", "cyclonedx"
  std::vector<Placed> sbom_includes;  ///< other tools' SBOMs, or folders of them, whose packages are added to those
  bool check_symbols = false;         ///< fail if a symbol that a program or library needs is missing
  bool strict = false;                ///< findings of elf::lint() are errors, not warnings
};

/// Decodes the keys `app` and `image` of one document of slipway.yaml; other keys are not read. `file` is its path.
/// Every problem goes to `diagnostics`; the result is meaningful only without errors.
Recipe decode_recipe(const config::Node& document, const std::string& file, Diagnostics& diagnostics);

/// An image described by flags alone, each value as typed.
struct AdHocRequest {
  std::string base = "scratch";
  std::vector<std::string> adds;      ///< SRC:DST[:mode[:uid:gid]] or src=...,dst=...[,mode=...][,owner=...]
  std::vector<std::string> archives;  ///< a layer each
  std::vector<std::string> closures;
  std::vector<std::string> dlopens;
  std::vector<std::string> profiles;
  std::vector<std::string> runtime;
  std::optional<std::string> sysroot;
  std::optional<std::string> entrypoint;  ///< a JSON array or one word
  std::optional<std::string> cmd;
  std::vector<std::string> env;
  std::optional<std::string> user;
  std::optional<std::string> workdir;
  std::vector<std::string> ports;
  std::vector<std::string> volumes;
  std::vector<std::string> labels;
  std::vector<std::string> annotations;
  std::optional<std::string> stop_signal;
  std::optional<std::string> health_cmd;  ///< a JSON array, or a command for the shell
  std::optional<std::string> health_interval, health_timeout, health_retries;
  std::optional<std::string> health_start_period, health_start_interval;
  bool no_health_check = false;
  std::optional<std::string> shell;  ///< a JSON array or one word
  std::vector<std::string> on_build;
  std::optional<std::string> author;
  std::optional<std::string> compression;  ///< FORMAT[:LEVEL]
  std::vector<std::string> platforms;
  bool preserve_modes = false;
};

/// The part of an AdHocRequest that changes the config and the annotations alone, for `slipway mutate`.
struct ConfigChange {
  ConfigRule config;
  oci::Annotations annotations;
};
/// Returns the changes that the flags describe. Errc::invalid_argument with all mistakes.
Result<ConfigChange> config_from_flags(const AdHocRequest& request);

/// Returns the recipe that the flags describe; relative paths start from `folder`. Errc::invalid_argument with all
/// mistakes.
Result<Recipe> recipe_from_flags(const AdHocRequest& request, const std::filesystem::path& folder);

}  // namespace slipway::builder
