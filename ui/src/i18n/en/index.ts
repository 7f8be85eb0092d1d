import account from './account';
import common from './common';
import tryIt from './console';
import form from './form';
import journal from './journal';
import modules from './modules';
import overview from './overview';
import plugins from './plugins';
import providers from './providers';
import security from './security';
import setup from './setup';
import users from './users';
import wizard from './wizard';

export default { ...common, ...account, ...overview, ...modules, ...providers, ...plugins, ...setup, ...security, ...wizard, ...tryIt, ...form, ...users, ...journal };
