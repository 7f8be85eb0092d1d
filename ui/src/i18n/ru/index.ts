import account from './account';
import common from './common';
import tryIt from './console';
import faults from './faults';
import form from './form';
import guards from './guards';
import journal from './journal';
import modules from './modules';
import nodes from './nodes';
import overview from './overview';
import plugins from './plugins';
import providers from './providers';
import reports from './reports';
import security from './security';
import setup from './setup';
import users from './users';
import wizard from './wizard';

export default { ...common, ...faults, ...nodes, ...account, ...overview, ...modules, ...providers, ...plugins, ...setup, ...security, ...wizard, ...tryIt, ...form, ...guards, ...users, ...journal, ...reports };
