import account from './account';
import common from './common';
import form from './form';
import journal from './journal';
import modules from './modules';
import overview from './overview';
import plugins from './plugins';
import providers from './providers';
import users from './users';

export default { ...common, ...account, ...overview, ...modules, ...providers, ...plugins, ...form, ...users, ...journal };
