// What the CLI of Nest requires. A file of CommonJS in the package, so that Node does not warn of an experiment.
module.exports = require('../dist/cli/setup/schematic.js');
